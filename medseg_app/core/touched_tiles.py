"""TouchedTiles: what the voxels of an open step were before it, copied tile by tile on first touch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
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
    """Copies of the tiles of one group that a step touched."""

    def __init__(self, group: int, arrays: Arrays) -> None:
        self._group = group
        self._arrays = arrays
        self._tiles: dict[_Tile, Arrays] = {}
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
        labels, human = self._arrays
        for tile in product(range(k0, k1 + 1), range(j0, j1 + 1), range(i0, i1 + 1)):
            if tile not in self._tiles:
                area = tuple(slice(n << bits, n + 1 << bits) for n, bits in zip(tile, TILE_BITS, strict=True))
                self._tiles[tile] = labels[area].copy(), human[area].copy()

    def restore(self) -> Box | None:
        """Put the copies back; the box that had been touched."""
        touched: Box | None = None
        for tile, copies in self._tiles.items():
            box = self._box(tile)
            for array, copy in zip(self._arrays, copies, strict=True):
                array[box.slices] = copy
            touched = box if touched is None else touched | box
        return touched

    def changes(self) -> Iterator[tuple[ArrayChange, list[LabelDelta]]]:
        """What differs from the copies now, packed, with the figures of the labels."""
        for block in self._blocks():
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

    def _blocks(self) -> Iterator[_Block]:
        """The tiles as they were, joined to one block where they lie compactly."""
        boxes = {tile: self._box(tile) for tile in self._tiles}
        whole = next(iter(boxes.values()))
        for box in boxes.values():
            whole = whole | box
        if len(boxes) == 1 or whole.voxel_count > COMPACT * sum(b.voxel_count for b in boxes.values()):
            for tile, (labels, human) in self._tiles.items():
                yield _Block(boxes[tile], labels, human)
            return
        block = _Block(whole, self._arrays[0][whole.slices].copy(), self._arrays[1][whole.slices].copy())
        for tile, (labels, human) in self._tiles.items():
            area = boxes[tile].within(whole).slices
            block.labels[area], block.human[area] = labels, human
        yield block

    def _box(self, tile: Sequence[int]) -> Box:
        start = [n << bits for n, bits in zip(tile, TILE_BITS, strict=True)]
        stop = [n + 1 << bits for n, bits in zip(tile, TILE_BITS, strict=True)]
        return Box.of(start, stop).clipped(self._arrays[0].shape)
