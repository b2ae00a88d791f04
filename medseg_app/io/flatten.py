"""Several label layers become one, for formats that hold one value per voxel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import SegmentsOverlap, WrongUse
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment

from .placement import value_counts

Overlap = Literal["first", "last"]


Renumbered = tuple[tuple[str, int, int], ...]
"""(name, value before, value after) of segments whose value another layer used too."""


@dataclass(frozen=True)
class Flattened:
    """One layer, and what it cost.

    lost: voxels that each segment (by name) gave up to another one.
    """

    label_map: LabelMap
    lost: dict[str, int]
    renumbered: Renumbered


def flatten(label_map: LabelMap, overlap: Overlap | None = None) -> Flattened:
    """One layer from several; where they overlap, the segment of the first or of the last layer wins.

    Raises SegmentsOverlap, with the number of voxels, where they overlap and nobody said who wins.
    """
    if len(label_map.layers) <= 1:
        return Flattened(_with_wide_enough_type(label_map), {}, ())
    if overlap is None:
        _refuse_overlap(label_map)
    distinct, renumbered = with_distinct_values(label_map)
    segments = distinct.segments
    merged = np.zeros(label_map.geometry.shape, _type_for(segments))
    lost: dict[str, int] = {}
    for values in distinct.layers:
        both = (values > 0) & (merged > 0)
        losers = merged[both] if overlap == "last" else values[both]
        _count(losers, segments, lost)
        take = values > 0 if overlap == "last" else (values > 0) & (merged == 0)
        np.copyto(merged, values, where=take)
    flat = tuple(replace(segment, group=0) for segment in segments)
    return Flattened(LabelMap((merged,), label_map.geometry, flat), lost, renumbered)


def with_distinct_values(label_map: LabelMap) -> tuple[LabelMap, Renumbered]:
    """The same layers with a value of its own for every segment, and those that got another one.

    So what is said about a segment by its value is true of every file, however many layers it holds.
    """
    segments, renumbered = _unique_values(label_map.segments)
    tables = (_lookup(label_map.segments, segments, group) for group in range(len(label_map.layers)))
    layers = tuple(table[layer] for table, layer in zip(tables, label_map.layers, strict=True))
    return LabelMap(layers, label_map.geometry, segments), renumbered


def described_only(label_map: LabelMap) -> LabelMap:
    """The label map without voxels that none of its segments describes (when only some are exported)."""
    layers = tuple(
        _keep(layer, [one.value for one in label_map.segments if one.group == group])
        for group, layer in enumerate(label_map.layers)
    )
    return replace(label_map, layers=layers)


def _keep(layer: NDArray[Any], values: list[int]) -> NDArray[Any]:
    present = np.flatnonzero(value_counts(layer)).tolist()
    strange = set(present) - {0, *values}
    if not strange:
        return layer
    table = np.arange(max(present) + 1, dtype=layer.dtype)
    table[sorted(strange)] = 0
    return np.asarray(table[layer])


def overlapping_voxels(label_map: LabelMap) -> dict[tuple[str, str], int]:
    """How many voxels each pair of segments (by name) shares; pairs that share none are left out."""
    shared: dict[tuple[str, str], int] = {}
    for a, first in enumerate(label_map.layers):
        for b in range(a + 1, len(label_map.layers)):
            both = (first > 0) & (label_map.layers[b] > 0)
            pairs, counts = np.unique(
                np.stack([first[both], label_map.layers[b][both]]), axis=1, return_counts=True
            )
            for (low, high), count in zip(pairs.T, counts, strict=True):
                names = _name(label_map.segments, a, int(low)), _name(label_map.segments, b, int(high))
                shared[names] = shared.get(names, 0) + int(count)
    return shared


def _refuse_overlap(label_map: LabelMap) -> None:
    shared = overlapping_voxels(label_map)
    if shared:
        pairs = ", ".join(f"{a} and {b} in {count} voxels" for (a, b), count in shared.items())
        raise SegmentsOverlap(
            f"Segments overlap, which this format cannot hold: {pairs}.",
            "Export to DICOM SEG (.seg.dcm), or say which one wins.",
        )


def _unique_values(
    segments: tuple[Segment, ...],
) -> tuple[tuple[Segment, ...], Renumbered]:
    """The segments with a value of their own each; one that is free stays."""
    taken: set[int] = set()
    following = max((segment.value for segment in segments), default=0) + 1
    unique, changed = [], []
    for segment in segments:
        value = segment.value
        if value in taken:
            value, following = following, following + 1
            changed.append((segment.name, segment.value, value))
        taken.add(value)
        unique.append(replace(segment, value=value))
    return tuple(unique), tuple(changed)


def _type_for(segments: tuple[Segment, ...]) -> type[np.uint8] | type[np.uint16]:
    highest = max((segment.value for segment in segments), default=0)
    if highest > 65535:
        raise WrongUse(f"A label file holds values up to 65535, not {highest}.", "Export fewer segments.")
    return np.uint8 if highest <= 255 else np.uint16


def _with_wide_enough_type(label_map: LabelMap) -> LabelMap:
    """uint8 wherever the values fit, whatever the case used."""
    layers = label_map.layers or (np.zeros(label_map.geometry.shape, np.uint8),)
    kind = _type_for(label_map.segments)
    if layers[0].dtype == kind and label_map.layers:
        return label_map
    return replace(label_map, layers=(layers[0].astype(kind),))


def _lookup(before: tuple[Segment, ...], after: tuple[Segment, ...], group: int) -> NDArray[Any]:
    table = np.zeros(65536, _type_for(after))
    for old, new in zip(before, after, strict=True):
        if old.group == group:
            table[old.value] = new.value
    return table


def _count(values: NDArray[Any], segments: tuple[Segment, ...], lost: dict[str, int]) -> None:
    counts = np.bincount(values) if values.size else np.zeros(0, int)
    for segment in segments:
        if segment.value < len(counts) and counts[segment.value]:
            lost[segment.name] = lost.get(segment.name, 0) + int(counts[segment.value])


def _name(segments: tuple[Segment, ...], group: int, value: int) -> str:
    return next((s.name for s in segments if s.group == group and s.value == value), f"value {value}")
