"""Overlapping masks sorted into as few label layers as first fit gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Index
from medseg_app.core.segment import Segment


class Layers:
    """Collects masks slice by slice; a segment moves to a layer of its own when it meets another one."""

    def __init__(self, shape: Index, segments: Sequence[Segment]) -> None:
        self._shape = shape
        self._segments = {segment.value: segment for segment in segments}
        highest = max(self._segments, default=0)
        self._dtype = np.uint8 if highest <= 255 else np.uint16
        self._layers: list[NDArray[Any]] = [np.zeros(shape, self._dtype)]
        self._layer_of = dict.fromkeys(self._segments, 0)

    def add(self, value: int, k: int, mask: NDArray[np.bool_]) -> None:
        """Give the voxels of slice k to the segment with this value."""
        where = np.flatnonzero(mask)
        while self._meets_other(value, k, where):
            self._move_up(value)
        self._plane(value, k)[where] = value

    def finish(self) -> tuple[tuple[NDArray[Any], ...], tuple[Segment, ...]]:
        """The layers, and the segments with `group` set to the layer that each lies in."""
        segments = [replace(one, group=self._layer_of[value]) for value, one in self._segments.items()]
        return tuple(self._layers), tuple(segments)

    def _plane(self, value: int, k: int) -> NDArray[Any]:
        """One slice of the layer in which a segment lies, flat."""
        return self._layers[self._layer_of[value]][k].reshape(-1)

    def _meets_other(self, value: int, k: int, where: NDArray[np.intp]) -> bool:
        there = self._plane(value, k)[where]
        return bool(((there != 0) & (there != value)).any())

    def _move_up(self, value: int) -> None:
        before = self._layers[self._layer_of[value]]
        own = before == value
        target = self._layer_of[value] + 1
        while target < len(self._layers) and self._layers[target][own].any():
            target += 1
        if target == len(self._layers):
            self._layers.append(np.zeros(self._shape, self._dtype))
        self._layers[target][own] = value
        before[own] = 0
        self._layer_of[value] = target
