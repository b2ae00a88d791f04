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

Pair = tuple[int, int, float]
"""Index of the prediction, index of the truth, IoU."""


@dataclass(frozen=True, eq=False)
class Finding:
    """One object: a boolean mask inside a box of the grid; score is None where nobody gave one.

    class_key: what it is one of, empty where that is not known.
    """

    box: Box
    mask: NDArray[np.bool_]
    name: str = ""
    score: float | None = None
    class_key: str = ""


@dataclass(frozen=True)
class Matches:
    """pairs: (index of the prediction, index of the truth, IoU) of every hit."""

    pairs: tuple[Pair, ...]
    predictions: int
    truths: int
    hit_iou: float = HIT_IOU

    @property
    def recall(self) -> float | None:
        """Share of the true findings that were hit; None where there is none."""
        return len(self.pairs) / self.truths if self.truths else None

    @property
    def precision(self) -> float | None:
        """Share of the predictions that hit; None where there is none."""
        return len(self.pairs) / self.predictions if self.predictions else None

    @property
    def false_positives(self) -> int:
        """How many predictions hit nothing."""
        return self.predictions - len(self.pairs)

    def to_json(self) -> dict[str, Any]:
        """The figures by name; undefined ones are None."""
        return {
            "hit_iou": self.hit_iou,
            "truths": self.truths,
            "predictions": self.predictions,
            "hits": len(self.pairs),
            "false_positives": self.false_positives,
            "recall": self.recall,
            "precision": self.precision,
        }


def match_findings(
    predictions: Sequence[Finding], truths: Sequence[Finding], hit_iou: float = HIT_IOU
) -> Matches:
    """Match predictions, best first, each to the free true finding with the highest IoU.

    A finding never hits one of another class; one whose class is not known may hit any.
    """
    ious = iou_matrix(predictions, truths)
    ious[_of_other_classes(predictions, truths)] = 0.0
    pairs = match_by_iou(ious, hit_iou)
    return Matches(pairs, len(predictions), len(truths), hit_iou)


def match_by_iou(ious: NDArray[np.float64], hit_iou: float) -> tuple[Pair, ...]:
    """The hits of predictions (rows, best first) on truths (columns), by their IoU with each other."""
    free = ious.copy()
    pairs = []
    for row in np.flatnonzero((ious >= hit_iou).any(axis=1)) if ious.size else ():
        # Of truths that fit equally well the last one, as pycocotools takes it.
        column = ious.shape[1] - 1 - int(np.argmax(free[row, ::-1]))
        if free[row, column] >= hit_iou:
            pairs.append((int(row), column, float(ious[row, column])))
            free[:, column] = -1.0
    return tuple(pairs)


def iou_matrix(predictions: Sequence[Finding], truths: Sequence[Finding]) -> NDArray[np.float64]:
    """IoU of every prediction with every truth on one grid, shape (predictions, truths)."""
    ious = np.zeros((len(predictions), len(truths)))
    if not ious.size:
        return ious
    (start, stop), (true_start, true_stop) = _corners(predictions), _corners(truths)
    apart = (start[:, None] >= true_stop).any(-1) | (true_start >= stop[:, None]).any(-1)
    found, wanted = [_area(one) for one in predictions], [_area(one) for one in truths]
    for row, column in np.argwhere(~apart):
        shared = _shared(predictions[row], truths[column])
        ious[row, column] = shared / max(found[row] + wanted[column] - shared, 1)
    return ious


def iou(one: Finding, other: Finding) -> float:
    """Intersection over union of two findings on one grid; 0 where both are empty."""
    return float(iou_matrix([one], [other])[0, 0])


def _shared(one: Finding, other: Finding) -> int:
    """How many voxels two findings share, by pycocotools."""
    from pycocotools import mask  # type: ignore[import-untyped]

    box = one.box & other.box  # what lies outside is not looked at: there may be thousands of pairs
    return int(mask.area(mask.merge([_run_lengths(one, box), _run_lengths(other, box)], intersect=True)))


def _area(finding: Finding) -> int:
    from pycocotools import mask

    return int(mask.area(_run_lengths(finding, finding.box)))


def _run_lengths(finding: Finding, box: Box) -> dict[str, Any]:
    """The part of a finding in a box inside its own, as pycocotools packs a picture.

    Each column of the picture is a row of voxels.
    """
    from pycocotools import mask

    voxels = finding.mask[box.within(finding.box).slices]
    packed: dict[str, Any] = mask.encode(np.ascontiguousarray(voxels, np.uint8).reshape(-1, box.shape[2]).T)
    return packed


def components(mask: NDArray[np.bool_], name: str = "", score: float | None = None) -> list[Finding]:
    """The 26-connected parts of a mask (k, j, i), largest first."""
    from scipy import ndimage

    parts, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    found = []
    for number, block in enumerate(ndimage.find_objects(parts), 1):
        box = Box.of([s.start for s in block], [s.stop for s in block])
        found.append(Finding(box, parts[block] == number, name, score))
    return sorted(found, key=lambda finding: -int(np.count_nonzero(finding.mask)))


def _of_other_classes(predictions: Sequence[Finding], truths: Sequence[Finding]) -> NDArray[np.bool_]:
    """Of which predictions (rows) and truths (columns) the classes are known and differ."""
    given = np.array([finding.class_key for finding in predictions], str)[:, None]
    true = np.array([finding.class_key for finding in truths], str)
    return np.asarray((given != true) & (given != "") & (true != ""))


def _corners(findings: Sequence[Finding]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First voxels of the boxes and the voxels after the last, each of shape (findings, 3)."""
    return np.array([f.box.start for f in findings]), np.array([f.box.stop for f in findings])
