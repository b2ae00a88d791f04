"""Weighted box clustering (Jaeger et al. 2018) for masks: all views of an object in a slice become one.

Without it, of several detections of an object one is linked and the others become findings of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .link_slices import SliceDetection, shared_area


def cluster_slices(detections: Sequence[SliceDetection], min_iou: float) -> list[SliceDetection]:
    """One detection for all of a class and slice whose masks overlap the surest of them by at least min_iou.

    Its probabilities are the mean of the views', weighted by score, area and IoU with the surest; its score
    is the mean of their scores, weighted by area and that IoU. Single detections stay as they are.
    """
    left = sorted(detections, key=lambda d: (d.k, d.class_value, -d.score, d.row, d.column, d.area))
    found = []
    while left:
        best = left[0]
        views = [best, *(other for other in left[1:] if _is_view(other, best, min_iou))]
        taken = set(map(id, views))
        left = [other for other in left if id(other) not in taken]
        found.append(_mean(views))
    return found


def iou(one: SliceDetection, other: SliceDetection) -> float:
    """Intersection over union of two masks, slices laid on each other."""
    shared = shared_area(one, other)
    return shared / max(one.area + other.area - shared, 1)


def _is_view(other: SliceDetection, best: SliceDetection, min_iou: float) -> bool:
    of_same_kind = (other.k, other.class_value) == (best.k, best.class_value)
    return of_same_kind and iou(other, best) >= min_iou


def _mean(views: list[SliceDetection]) -> SliceDetection:
    best = views[0]
    if len(views) == 1:
        return best
    weights = np.array([view.area * iou(view, best) for view in views])
    scores = np.array([view.score for view in views])
    row, column = min(view.row for view in views), min(view.column for view in views)
    height = max(view.row + view.chance.shape[0] for view in views) - row
    width = max(view.column + view.chance.shape[1] for view in views) - column
    chance = np.zeros((height, width), np.float32)
    shares = scores * weights / (scores * weights).sum()
    for view, share, (rows, columns) in zip(views, shares, _places(views, row, column), strict=True):
        chance[rows, columns] += share * view.chance
    mean = replace(
        best, score=float(np.average(scores, weights=weights)), row=row, column=column, chance=chance
    )
    return mean if mean.area else best


def _places(views: list[SliceDetection], row: int, column: int) -> Iterator[tuple[slice, slice]]:
    """Where the window of each view lies in one that begins at a row and column."""
    for view in views:
        top, left = view.row - row, view.column - column
        yield slice(top, top + view.chance.shape[0]), slice(left, left + view.chance.shape[1])
