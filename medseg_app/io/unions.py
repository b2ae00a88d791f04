"""Segments that hold exactly what several others hold together: one value per voxel tells them anyway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment

from .flatten import described_only

Unions = dict[str, tuple[str, ...]]
"""Name of a segment -> names of the segments that it is made of."""
Counts = NDArray[np.intp]


def without_unions(label_map: LabelMap) -> tuple[LabelMap, Unions]:
    """The label map without segments that are the exact union of two or more of the others in it.

    The body over its tissues is one; a lesion in an organ is none, nor is the organ. Of segments that are
    unions of each other the later ones go first, as long as what makes them up stays.
    """
    if len(label_map.layers) < 2:
        return label_map, {}
    shared, unions = _shared_voxels(label_map), Unions()
    kept = list(range(len(label_map.segments)))
    for place in reversed(kept.copy()):
        parts = _parts(label_map, place, kept, shared)
        if parts:
            kept.remove(place)
            names = (label_map.segments[part].name for part in parts)
            unions[label_map.segments[place].name] = tuple(names)
    return (_only(label_map, [label_map.segments[n] for n in kept]), unions) if unions else (label_map, {})


def _parts(label_map: LabelMap, place: int, kept: Sequence[int], shared: Counts) -> tuple[int, ...]:
    """The segments that make up this one, none of which reaches beyond it; empty where it is no union.

    What does reach beyond it, as a tumour that grows out of the body, is no part of it and changes nothing.
    """
    parts = tuple(n for n in kept if n != place and shared[place, n] == shared[n, n] > 0)
    if len(parts) < 2:
        return ()
    whole, total = shared[place, place], sum(shared[n, n] for n in parts)
    if len({label_map.segments[n].group for n in parts}) == 1:
        return parts if total == whole else ()
    return parts if total >= whole and _cover(label_map, place, parts) else ()


def _cover(label_map: LabelMap, place: int, parts: Sequence[int]) -> bool:
    """Whether parts that may overlap each other leave no voxel of a segment."""
    segment, others = label_map.segments[place], [label_map.segments[n] for n in parts]
    tables = {group: _numbers(others, group) for group in sorted({one.group for one in others})}
    for k, plane in enumerate(label_map.layers[segment.group]):
        bare = plane == segment.value
        for group, table in tables.items():
            bare &= table[label_map.layers[group][k]] == 0
        if bare.any():
            return False
    return True


def _shared_voxels(label_map: LabelMap) -> Counts:
    """How many voxels each two segments share, by their places; how many each holds on the diagonal.

    Slice by slice, so that the time does not grow with the number of segments, nor memory with the volume.
    """
    count = len(label_map.segments)
    shared = np.zeros((count + 1, count + 1), np.intp)
    tables = [_numbers(label_map.segments, group) for group in range(len(label_map.layers))]
    for planes in zip(*label_map.layers, strict=True):
        numbered = [table[plane] for table, plane in zip(tables, planes, strict=True)]
        for here in numbered:
            held = np.bincount(here.ravel(), minlength=count + 1)
            shared[np.diag_indices_from(shared)] += held
        for first, second in combinations(numbered, 2):
            _add_pairs(shared, first, second)
    return shared[1:, 1:]


def _add_pairs(shared: Counts, first: NDArray[np.uint16], second: NDArray[np.uint16]) -> None:
    """Add the voxels of a slice in which segments of two layers meet."""
    both = (first > 0) & (second > 0)
    if not both.any():
        return
    a, b = first[both].astype(np.intp), second[both].astype(np.intp)
    low_a, low_b, width = int(a.min()), int(b.min()), int(b.max() - b.min()) + 1
    pairs = np.bincount((a - low_a) * width + (b - low_b))
    met = np.flatnonzero(pairs)
    rows, columns = met // width + low_a, met % width + low_b
    shared[rows, columns] += pairs[met]
    shared[columns, rows] += pairs[met]


def _numbers(segments: Sequence[Segment], group: int) -> NDArray[np.uint16]:
    """Value in a layer -> number of its segment from 1; 0 for what none of them describes."""
    table = np.zeros(65536, np.uint16)
    for number, segment in enumerate(segments, 1):
        if segment.group == group and segment.value < len(table):
            table[segment.value] = number
    return table


def _only(label_map: LabelMap, kept: Sequence[Segment]) -> LabelMap:
    """The label map of these segments, without layers that hold none of them."""
    groups = sorted({one.group for one in kept})
    segments = tuple(replace(one, group=groups.index(one.group)) for one in kept)
    layers = tuple(label_map.layers[group] for group in groups)
    return described_only(LabelMap(layers, label_map.geometry, segments))
