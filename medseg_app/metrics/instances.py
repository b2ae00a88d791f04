"""Findings one by one: which predicted finding hits which true one, recall and false positives.

A finding hits where its IoU with a true one reaches the threshold. Each true finding is hit once at
most; every other prediction is a false positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box

HIT_IOU = 0.3


@dataclass(frozen=True, eq=False)
class Finding:
    """One object: a boolean mask inside a box of the grid."""

    box: Box
    mask: NDArray[np.bool_]
    name: str = ""


@dataclass(frozen=True)
class Matches:
    """pairs: (index of the prediction, index of the truth, IoU) of every hit."""

    pairs: tuple[tuple[int, int, float], ...]
    predictions: int
    truths: int

    @property
    def recall(self) -> float | None:
        """Share of the true findings that were hit; None where there is none."""
        return len(self.pairs) / self.truths if self.truths else None

    @property
    def false_positives(self) -> int:
        """How many predictions hit nothing."""
        return self.predictions - len(self.pairs)

    def to_json(self) -> dict[str, Any]:
        """The figures by name; undefined ones are None."""
        return {
            "hit_iou": HIT_IOU,
            "truths": self.truths,
            "predictions": self.predictions,
            "hits": len(self.pairs),
            "false_positives": self.false_positives,
            "recall": self.recall,
            "precision": len(self.pairs) / self.predictions if self.predictions else None,
        }


def match_findings(
    predictions: Sequence[Finding], truths: Sequence[Finding], hit_iou: float = HIT_IOU
) -> Matches:
    """Match predictions, best first, each to the free true finding with the highest IoU."""
    free = dict(enumerate(truths))
    pairs = []
    for number, prediction in enumerate(predictions):
        best = max(((iou(prediction, truth), t) for t, truth in free.items()), default=(0.0, -1))
        if best[0] >= hit_iou:
            pairs.append((number, best[1], best[0]))
            del free[best[1]]
    return Matches(tuple(pairs), len(predictions), len(truths))


def iou(one: Finding, other: Finding) -> float:
    """Intersection over union of two findings on one grid."""
    shared_box = one.box & other.box
    if shared_box.is_empty:
        return 0.0
    mine = one.mask[shared_box.within(one.box).slices]
    theirs = other.mask[shared_box.within(other.box).slices]
    shared = int(np.count_nonzero(mine & theirs))
    union = int(np.count_nonzero(one.mask)) + int(np.count_nonzero(other.mask)) - shared
    return shared / union if union else 0.0


def components(mask: NDArray[np.bool_], name: str = "") -> list[Finding]:
    """The 26-connected parts of a mask (k, j, i), largest first."""
    from scipy import ndimage

    parts, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    found = []
    for number, block in enumerate(ndimage.find_objects(parts), 1):
        box = Box.of([s.start for s in block], [s.stop for s in block])
        found.append(Finding(box, parts[block] == number, name))
    return sorted(found, key=lambda finding: -int(np.count_nonzero(finding.mask)))
