"""Linking detections of neighbouring slices into 3D instances; numpy only."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box

MIN_IOU = 0.3
MIN_INSIDE = 0.7
"""Share of the smaller mask inside the other: the last slice of a round tumour is far smaller than its
neighbour, so that their IoU alone would make it a finding of its own."""
MAX_GAP = 1
"""How many slices in a row may lack a detection within one instance."""


@dataclass(frozen=True, eq=False)
class SliceDetection:
    """One object seen in one slice: class value, score and a window at (row, column) of the slice.

    chance: probability of each pixel of the window; the object is where it reaches the threshold.
    """

    k: int
    class_value: int
    score: float
    row: int
    column: int
    chance: NDArray[np.float32]
    threshold: float = 0.5

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """The pixels of the object within the window."""
        return np.asarray(self.chance >= self.threshold)

    @cached_property
    def area(self) -> int:
        """Number of pixels."""
        return int(np.count_nonzero(self.mask))


@dataclass(eq=False)
class Instance:
    """Detections of one object, at most one per slice."""

    class_value: int
    parts: list[SliceDetection] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Mean of the scores, weighted by area."""
        areas = np.array([part.area for part in self.parts], float)
        return float(np.average([part.score for part in self.parts], weights=areas))

    @property
    def box(self) -> Box:
        """The smallest box of slices, rows and columns that holds the windows of all parts."""
        boxes = [
            Box.of((p.k, p.row, p.column), (p.k + 1, p.row + p.chance.shape[0], p.column + p.chance.shape[1]))
            for p in self.parts
        ]
        box = boxes[0]
        for other in boxes[1:]:
            box = box | other
        return box

    def chance(self) -> NDArray[np.float32]:
        """Probability of each voxel inside `box`; a skipped slice takes what its neighbours agree on."""
        box = self.box
        chance = np.zeros(box.shape, np.float32)
        for part in self.parts:
            j, i = part.row - box.start[1], part.column - box.start[2]
            height, width = part.chance.shape
            chance[part.k - box.start[0], j : j + height, i : i + width] = part.chance
        seen = {part.k - box.start[0] for part in self.parts}
        for k in set(range(box.shape[0])) - seen:
            below = max(n for n in seen if n < k)
            above = min(n for n in seen if n > k)
            chance[k] = np.minimum(chance[below], chance[above])
        return chance


def link_slices(detections: list[SliceDetection]) -> list[Instance]:
    """Instances from detections of all slices, best score first.

    Pairs of detections of one class whose masks overlap (IoU at least 0.3, else one nearly inside the
    other) in neighbouring slices, or over one slice without, are joined, surest pair first; an instance
    never has two parts in a slice.
    """
    owner = [Instance(d.class_value, [d]) for d in detections]
    for _, a, b in _pairs(detections):
        first, second = owner[a], owner[b]
        if first is second or {p.k for p in first.parts} & {p.k for p in second.parts}:
            continue
        joined = Instance(first.class_value, sorted(first.parts + second.parts, key=lambda p: p.k))
        for n, instance in enumerate(owner):
            if instance is first or instance is second:
                owner[n] = joined
    unique = {id(instance): instance for instance in owner}
    return sorted(unique.values(), key=lambda one: (-one.score, one.box.start, one.box.stop))


def _pairs(detections: list[SliceDetection]) -> list[tuple[tuple[int, bool, float], int, int]]:
    """Pairs that may be joined: without a gap first, by IoU first, then by falling product of scores."""
    by_slice: dict[int, list[int]] = {}
    for n, detection in enumerate(detections):
        by_slice.setdefault(detection.k, []).append(n)
    pairs = []
    for a, one in enumerate(detections):
        for gap in range(MAX_GAP + 1):
            for b in by_slice.get(one.k + 1 + gap, []):
                other = detections[b]
                shared = shared_area(one, other) if one.class_value == other.class_value else 0
                by_iou = shared >= MIN_IOU * (one.area + other.area - shared)
                if shared and (by_iou or shared >= MIN_INSIDE * min(one.area, other.area)):
                    pairs.append(((gap, not by_iou, -one.score * other.score), a, b))
    return sorted(pairs)


def shared_area(one: SliceDetection, other: SliceDetection) -> int:
    """Pixels in both masks, slices laid on each other."""
    top, left = max(one.row, other.row), max(one.column, other.column)
    bottom = min(one.row + one.mask.shape[0], other.row + other.mask.shape[0])
    right = min(one.column + one.mask.shape[1], other.column + other.mask.shape[1])
    if top >= bottom or left >= right:
        return 0
    mine = one.mask[top - one.row : bottom - one.row, left - one.column : right - one.column]
    theirs = other.mask[top - other.row : bottom - other.row, left - other.column : right - other.column]
    return int(np.count_nonzero(mine & theirs))
