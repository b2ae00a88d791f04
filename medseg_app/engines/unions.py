"""Classes that are several others together: the body is gas, fat, soft tissue and bone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

import numpy as np

from medseg_app.core.proposal import Candidate

from .candidates import of_class
from .model_card import ModelCard, UnionClass


def with_unions(card: ModelCard, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates, and behind them one for each union of which two classes or more were found.

    It holds exactly their voxels. With one class alone it would be the same mask under another name.
    """
    found = [one for one in candidates if one.kind == "semantic"]
    unions = (_united(value, union, found) for value, union in sorted(card.unions.items()))
    return (*candidates, *(one for one in unions if one is not None))


def union_problem(card: ModelCard) -> str:
    """What is wrong with the unions of a card; empty where they are sound."""
    for value, union in card.unions.items():
        if value in card.labels:
            return f"the class value {value} is given twice"
        known = {one for one in union.of if one in card.labels and card.labels[one].kind == "semantic"}
        if len(known) < 2 or len(known) != len(union.of) or union.kind != "semantic":
            return f"{union.name} must be two or more of the classes that are organs or tissues"
    return ""


def _united(value: int, union: UnionClass, found: Iterable[Candidate]) -> Candidate | None:
    parts = [one for one in found if one.class_value in union.of]
    if len(parts) < 2:
        return None
    box = reduce(or_, (one.box for one in parts))
    mask = np.zeros(box.shape, bool)
    for one in parts:
        mask[one.box.within(box).slices] |= one.mask
    return of_class(union, value, box, mask, _mean_score(parts))


def _mean_score(parts: Sequence[Candidate]) -> float | None:
    """The mean over the voxels of all parts; None where one of them tells none."""
    scores = [one.score for one in parts if one.score is not None]
    if len(scores) < len(parts):
        return None
    return float(np.average(scores, weights=[one.voxel_count for one in parts]))
