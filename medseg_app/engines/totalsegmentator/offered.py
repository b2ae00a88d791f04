"""What of TotalSegmentator is offered: the tasks for whole bodies, which need no licence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MB_PER_NETWORK = 230
"""About what one network of TotalSegmentator takes to download."""


@dataclass(frozen=True)
class Offer:
    """One task as one model.

    fast: its networks for voxels of 3 mm instead of 1.5 mm. download: the word by which its own program
    fetches the weights.
    """

    name: str
    task: str
    fast: bool
    modality: str
    download: str

    @property
    def arguments(self) -> dict[str, Any]:
        """What the card keeps, to find the offer again."""
        return {"task": self.task, "fast": self.fast}

    @property
    def spacing_mm(self) -> float:
        """Voxel size of its networks."""
        return 3.0 if self.fast else 1.5


OFFERS = (
    Offer("totalsegmentator-total", "total", False, "CT", "total"),
    Offer("totalsegmentator-total-fast", "total", True, "CT", "total_fast"),
    Offer("totalsegmentator-total_mr", "total_mr", False, "MR", "total_mr"),
    Offer("totalsegmentator-total_mr-fast", "total_mr", True, "MR", "total_fast_mr"),
)


def offer_of(name: str) -> Offer:
    """The offer of a model's name."""
    return next(offer for offer in OFFERS if offer.name == name)
