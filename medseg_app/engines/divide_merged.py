"""Detections that hold two objects are divided where the slices on both sides show two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .cluster_slices import iou
from .link_slices import MIN_INSIDE, MIN_IOU, SliceDetection, shared_area

Passing = tuple[SliceDetection, SliceDetection]
"""The same object in the slice below and in the slice above."""


def divide_merged(detections: Sequence[SliceDetection]) -> list[SliceDetection]:
    """The detections, those divided through which several objects pass from the slice below to that above.

    Each pixel goes to the nearest of these objects. Where only one side shows several, it may be one object
    that branches, so it is left whole.
    """
    by_slice: dict[int, list[SliceDetection]] = {}
    for detection in detections:
        by_slice.setdefault(detection.k, []).append(detection)
    return [
        part
        for whole in detections
        for part in _parts(
            whole, _passing(whole, by_slice.get(whole.k - 1, []), by_slice.get(whole.k + 1, []))
        )
    ]


def _passing(
    whole: SliceDetection, below: Iterable[SliceDetection], above: Iterable[SliceDetection]
) -> list[Passing]:
    """Pairs of detections that are one object each, all apart, nearly inside the whole; the likest first."""
    pairs = [(a, b) for a in _inside(whole, below) for b in _inside(whole, above) if iou(a, b) >= MIN_IOU]
    kept: list[Passing] = []
    for pair in sorted(pairs, key=lambda pair: (-iou(*pair), pair[0].row, pair[0].column)):
        if all(_are_apart(a, b) for other in kept for a, b in zip(pair, other, strict=True)):
            kept.append(pair)
    return kept


def _inside(whole: SliceDetection, others: Iterable[SliceDetection]) -> Iterator[SliceDetection]:
    for other in others:
        is_inside = shared_area(whole, other) >= MIN_INSIDE * max(other.area, 1)
        if other.class_value == whole.class_value and is_inside:
            yield other


def _are_apart(one: SliceDetection, other: SliceDetection) -> bool:
    """Whether two detections of a slice are no views of one object."""
    shared = shared_area(one, other)
    return iou(one, other) < MIN_IOU and shared < MIN_INSIDE * min(one.area, other.area)


def _parts(whole: SliceDetection, objects: list[Passing]) -> list[SliceDetection]:
    if len(objects) < 2:
        return [whole]
    nearest = np.argmin([_distance(whole, pair) for pair in objects], axis=0)
    parts = [
        replace(whole, chance=np.where(nearest == number, whole.chance, np.float32(0)))
        for number in range(len(objects))
    ]
    return [part for part in parts if part.area]


def _distance(whole: SliceDetection, pair: Passing) -> NDArray[np.float64]:
    """Distance of each pixel of the window to where the object is in the slice below or above."""
    from scipy import ndimage

    height, width = whole.mask.shape
    present = np.zeros((height, width), bool)
    for one in pair:
        rows, columns = np.nonzero(one.mask)
        rows, columns = rows + one.row - whole.row, columns + one.column - whole.column
        is_here = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        present[rows[is_here], columns[is_here]] = True
    return np.asarray(ndimage.distance_transform_edt(~present))
