"""Candidates from what networks give: class labels, connected components, masks of instances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box, Index
from medseg_app.core.proposal import Candidate

from .model_card import LabelClass, ModelCard


def semantic_candidates(
    card: ModelCard, labels: NDArray[Any], mean_probabilities: Mapping[int, float | None]
) -> list[Candidate]:
    """One candidate per class of kind "semantic" that has voxels, by rising class value.

    mean_probabilities: the score of each class; None where the model tells none.
    """
    found = []
    for value, box in _boxes(labels):
        if value in card.labels and card.labels[value].kind == "semantic":
            found.append(
                of_class(
                    card.labels[value], value, box, labels[box.slices] == value, mean_probabilities[value]
                )
            )
    return found


def component_candidates(
    card: ModelCard, labels: NDArray[Any], confidence: NDArray[np.uint8], min_score: float
) -> list[Candidate]:
    """One candidate per 26-connected component of the classes of kind "instance", best score first.

    The score is the mean probability (confidence / 255) of its voxels.
    """
    from scipy import ndimage

    found = []
    for value, outer in _boxes(labels):
        if value not in card.labels or card.labels[value].kind != "instance":
            continue
        parts, _ = ndimage.label(labels[outer.slices] == value, np.ones((3, 3, 3)))
        for number, inner in _boxes(parts):
            mask = parts[inner.slices] == number
            box = inner.shifted(outer.start)
            score = float(confidence[box.slices][mask].mean()) / 255
            if score >= min_score:
                found.append(of_class(card.labels[value], value, box, mask, score))
    return by_score(found)


def instance_candidate(
    card: ModelCard, value: int, box: Box, mask: NDArray[np.bool_], score: float
) -> Candidate | None:
    """A candidate from an instance's mask, cropped to its voxels; None where it has none."""
    inner = Box.around(mask)
    if inner is None:
        return None
    return of_class(card.labels[value], value, inner.shifted(box.start), mask[inner.slices], score)


def moved(candidate: Candidate, offset: Index) -> Candidate:
    """A candidate of a part of the volume that begins at an offset, on the grid of the volume."""
    return replace(candidate, box=candidate.box.shifted(offset))


def without_overlap(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Candidates, best first, that leave voxels to those before them; what is left empty is dropped."""
    kept: list[Candidate] = []
    for candidate in candidates:
        left = left_by(candidate, kept)
        if left is not None:
            kept.append(left)
    return kept


def left_by(candidate: Candidate, better: Iterable[Candidate]) -> Candidate | None:
    """A candidate without the voxels of better ones, its box cut to what is left; None where that is nothing.

    The candidate itself where it meets none of them.
    """
    mask = candidate.mask
    for other in better:
        shared = candidate.box & other.box
        if not shared.is_empty:
            mask = mask.copy() if mask is candidate.mask else mask
            mask[shared.within(candidate.box).slices] &= ~other.mask[shared.within(other.box).slices]
    inner = Box.around(mask)
    if inner is None:
        return None
    return candidate if mask is candidate.mask else _cropped(candidate, inner, mask)


def by_score(candidates: list[Candidate]) -> list[Candidate]:
    """Best score first; ties by place, so that the order never depends on chance."""
    return sorted(candidates, key=lambda one: (-(one.score or 0.0), one.box.start, one.box.stop))


def _cropped(candidate: Candidate, inner: Box, mask: NDArray[np.bool_]) -> Candidate:
    box = inner.shifted(candidate.box.start)
    return replace(candidate, box=box, mask=np.ascontiguousarray(mask[inner.slices]))


def _boxes(labels: NDArray[Any]) -> list[tuple[int, Box]]:
    """Every label above 0 that has voxels, with its box, by rising label."""
    from scipy import ndimage

    found = ndimage.find_objects(labels) if labels.size else []
    return [
        (n + 1, Box.of([s.start for s in place], [s.stop for s in place]))
        for n, place in enumerate(found)
        if place is not None
    ]


def of_class(
    label: LabelClass, value: int, box: Box, mask: NDArray[np.bool_], score: float | None
) -> Candidate:
    """A candidate that is described as its class is; mask in the box."""
    return Candidate(
        name=label.name,
        class_value=value,
        box=box,
        mask=np.ascontiguousarray(mask),
        kind=label.kind,
        score=score,
        colour=label.colour,
        category=label.category,
        type=label.type,
        modifiers=label.modifiers,
        region=label.region,
    )
