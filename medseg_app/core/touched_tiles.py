"""TouchedTiles: what the voxels of an open step were before it, copied by whole tiles on first touch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import or_
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .box import Box
from .label_edit import ArrayChange, LabelDelta, checksum, pack_xor
from .segment_statistics import deltas_of
from .segmentation import Arrays

TILE_BITS = (1, 5, 7)
"""Tiles of 2 x 32 x 128 voxels: most strokes are flat, and a copy costs by the row, not by the voxel."""
COMPACT = 4
"""Tiles are packed as one block while that block holds at most this many times their voxels."""

_Tile = tuple[int, int, int]
_Reach = tuple[int, int, int, int, int, int]
"""First and last tile along k, j and i."""


@dataclass(frozen=True, eq=False)
class _Block:
    box: Box
    labels: NDArray[Any]
    human: NDArray[np.uint8]


class TouchedTiles:
    """Copies of the tiles of one group that a step touched, as blocks that do not overlap."""

    def __init__(self, group: int, arrays: Arrays) -> None:
        self._group = group
        self._arrays = arrays
        self._kept: set[_Tile] = set()
        self._blocks: list[_Block] = []
        self._last: _Reach | None = None

    def keep(self, box: Box) -> None:
        """Copy the tiles that a box meets, where they have not been copied yet."""
        (k0, j0, i0), (k1, j1, i1) = box.start, box.stop
        k, j, i = TILE_BITS
        reach = k0 >> k, (k1 - 1) >> k, j0 >> j, (j1 - 1) >> j, i0 >> i, (i1 - 1) >> i
        if reach != self._last:  # dabs of a stroke mostly meet the same tiles again
            self._last = reach
            self._copy(reach)

    def _copy(self, reach: _Reach) -> None:
        k0, k1, j0, j1, i0, i1 = reach
        for j, i in product(range(j0, j1 + 1), range(i0, i1 + 1)):
            new = [k for k in range(k0, k1 + 1) if (k, j, i) not in self._kept]
            self._kept.update((k, j, i) for k in new)
            for first, last in _runs(new):
                self._blocks.append(self._block(self._box((first, j, i), (last, j, i))))

    def _block(self, box: Box) -> _Block:
        labels, human = self._arrays
        return _Block(box, labels[box.slices].copy(), human[box.slices].copy())

    def restore(self) -> Box | None:
        """Put the copies back; the box that had been touched."""
        labels, human = self._arrays
        for block in self._blocks:
            labels[block.box.slices], human[block.box.slices] = block.labels, block.human
        return reduce(or_, (block.box for block in self._blocks)) if self._blocks else None

    def changes(self) -> Iterator[tuple[ArrayChange, list[LabelDelta]]]:
        """What differs from the copies now, packed, with the figures of the labels."""
        for block in self._joined():
            for name, before in (("labels", block.labels), ("human", block.human)):
                change = self._change("labels" if name == "labels" else "human", block.box, before)
                if change is not None:
                    yield change

    def _change(
        self, name: Literal["labels", "human"], box: Box, before: NDArray[Any]
    ) -> tuple[ArrayChange, list[LabelDelta]] | None:
        after = self._arrays[0 if name == "labels" else 1][box.slices]
        difference = before ^ after
        touched = Box.around(difference)
        if touched is None:
            return None
        area = touched.slices
        old, new, xor = before[area], after[area], np.ascontiguousarray(difference[area])
        place = touched.shifted(box.start)
        deltas = deltas_of(self._group, place, old, new, xor) if name == "labels" else []
        packed = pack_xor(xor)
        return ArrayChange(
            name, self._group, place, xor.dtype.str, packed, checksum(old), checksum(new)
        ), deltas

    def _joined(self) -> list[_Block]:
        """The copies, as one block where they lie compactly."""
        whole = reduce(or_, (block.box for block in self._blocks))
        copied = sum(block.box.voxel_count for block in self._blocks)
        if len(self._blocks) == 1 or whole.voxel_count > COMPACT * copied:
            return self._blocks
        joined = self._block(whole)
        for block in self._blocks:
            area = block.box.within(whole).slices
            joined.labels[area], joined.human[area] = block.labels, block.human
        return [joined]

    def _box(self, first: _Tile, last: _Tile) -> Box:
        """The voxels of the tiles first..last inside the volume."""
        start = [n << bits for n, bits in zip(first, TILE_BITS, strict=True)]
        stop = [n + 1 << bits for n, bits in zip(last, TILE_BITS, strict=True)]
        return Box.of(start, stop).clipped(self._arrays[0].shape)


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of successive numbers in a rising list."""
    starts = [n for n in numbers if n - 1 not in numbers]
    stops = [n for n in numbers if n + 1 not in numbers]
    return zip(starts, stops, strict=True)
