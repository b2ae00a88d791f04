"""Segments that hold exactly what several others hold together: one value per voxel tells them anyway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment

from .placement import value_counts

Unions = dict[str, tuple[str, ...]]
"""Name of a segment -> names of the segments that it is made of."""


def without_unions(label_map: LabelMap) -> tuple[LabelMap, Unions]:
    """The label map without segments that are the exact union of two or more of the others in it.

    The body over its tissues is one; a lesion in an organ is none, nor is the organ. Of segments that are
    unions of each other the later ones go first, as long as what makes them up stays.
    """
    boxes = [_boxes(layer) for layer in label_map.layers]
    sizes = [value_counts(layer) for layer in label_map.layers]
    kept, unions = list(label_map.segments), Unions()
    for segment in reversed(label_map.segments):
        box = boxes[segment.group].get(segment.value)
        others = [one for one in kept if one.group != segment.group]
        parts = _parts(label_map, segment, box, others, sizes) if box and len(others) > 1 else ()
        if parts:
            kept.remove(segment)
            unions[segment.name] = tuple(part.name for part in parts)
    return (_only(label_map, kept), unions) if unions else (label_map, unions)


def _parts(
    label_map: LabelMap, segment: Segment, box: Box, others: Sequence[Segment], sizes: list[NDArray[np.intp]]
) -> tuple[Segment, ...]:
    """The segments that make up this one, none of which reaches beyond it; empty where it is no union."""
    inside = label_map.layers[segment.group][box.slices] == segment.value
    bare, parts = inside.copy(), []
    for group in sorted({one.group for one in others}):
        block = label_map.layers[group][box.slices]
        counts = value_counts(np.where(inside, block, 0))
        touched = [o for o in others if o.group == group and o.value < len(counts) and counts[o.value]]
        if any(counts[one.value] != sizes[group][one.value] for one in touched):
            return ()
        bare &= ~np.isin(block, [one.value for one in touched])
        parts += touched
    return tuple(parts) if len(parts) > 1 and not bare.any() else ()


def _boxes(layer: NDArray[Any]) -> dict[int, Box]:
    """The box around each value that occurs."""
    from scipy import ndimage

    return {
        value: Box.of([axis.start for axis in place], [axis.stop for axis in place])
        for value, place in enumerate(ndimage.find_objects(layer), start=1)
        if place is not None
    }


def _only(label_map: LabelMap, kept: Sequence[Segment]) -> LabelMap:
    """The label map of these segments, without layers that hold none of them."""
    groups = sorted({one.group for one in kept})
    layers = tuple(_layer(label_map, kept, group) for group in groups)
    segments = tuple(replace(one, group=groups.index(one.group)) for one in kept)
    return LabelMap(layers, label_map.geometry, segments)


def _layer(label_map: LabelMap, kept: Sequence[Segment], group: int) -> NDArray[Any]:
    layer = label_map.layers[group]
    gone = [one.value for one in label_map.segments if one.group == group and one not in kept]
    return np.where(np.isin(layer, gone), layer.dtype.type(0), layer) if gone else layer
