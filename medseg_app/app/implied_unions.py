"""Unions that a file of one layer could not hold, given to it before it is compared with one that does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.io.unions import without_unions
from medseg_app.metrics.class_masks import MatchBy


@dataclass(frozen=True, eq=False)
class Implied:
    """Both label maps, and the names of the unions that one of them was given."""

    prediction: LabelMap
    truth: LabelMap
    names: tuple[str, ...]


def with_implied_unions(prediction: LabelMap, truth: LabelMap, match_by: MatchBy) -> Implied:
    """Where one holds a segment that is others together, and the other has one layer and these others only.

    The body is not written to a NIfTI beside its tissues, as their voxels tell it: so it was not missed.
    """
    mine, given = _with_unions_of(truth, prediction, match_by)
    theirs, taken = _with_unions_of(prediction, truth, match_by)
    return Implied(mine, theirs, (*given, *taken))


def _with_unions_of(other: LabelMap, labels: LabelMap, match_by: MatchBy) -> tuple[LabelMap, tuple[str, ...]]:
    if len(labels.layers) > 1 or not labels.segments:
        return labels, ()
    key = _key(match_by)
    own, names = {key(segment) for segment in labels.segments}, list[str]()
    united, unions = labels, without_unions(other)[1]
    by_name = {segment.name: segment for segment in other.segments}
    for name, parts in unions.items():
        of = {key(by_name[part]) for part in parts}
        if key(by_name[name]) not in own and own & of:
            united = _with(united, by_name[name], [one for one in labels.segments if key(one) in of])
            names.append(name)
    return united, tuple(names)


def _key(match_by: MatchBy) -> Callable[[Segment], int | str]:
    return (lambda one: one.value) if match_by == "value" else (lambda one: one.name)


def _with(labels: LabelMap, union: Segment, parts: list[Segment]) -> LabelMap:
    """The label map with one layer more, that holds the union of these of its segments."""
    layer = labels.layers[0]
    mask = np.isin(layer, [one.value for one in parts])
    values = mask * np.min_scalar_type(union.value).type(union.value)
    id_ = max(one.id for one in labels.segments) + 1
    segment = replace(union, id=id_, group=len(labels.layers))
    return replace(labels, layers=(*labels.layers, values), segments=(*labels.segments, segment))
