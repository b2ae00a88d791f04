"""What the process that runs TotalSegmentator is told, and the files by which it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medseg_app.engines.exchange import VolumeTicket

from .offered import Offer

LABELS, ERROR = "labels.npy", "error.txt"


@dataclass(frozen=True)
class Order:
    """One run of an offer, on a device in TotalSegmentator's words ("cpu", "gpu:0", "mps").

    private: folder for the answer, LABELS (k, j, i) or ERROR. temporary: folder for temporary files.
    """

    volume: VolumeTicket
    offer: Offer
    device: str
    private: Path
    temporary: Path
