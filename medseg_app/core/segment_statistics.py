"""SegmentStatistics: count, index sums and bounds per label, kept up to date edit by edit.

The figures of an edit are taken once from its touched box and stored with it, so undo and redo cost
nothing and no figure ever needs a pass over the volume.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .box import Box, Index
from .label_edit import LabelDelta

Key = tuple[int, int]


class SegmentStatistics:
    """Figures by (group, label value). Bounds only grow until a label is empty again."""

    def __init__(self) -> None:
        self._counts: dict[Key, int] = {}
        self._sums: dict[Key, Index] = {}
        self._bounds: dict[Key, Box] = {}

    def count(self, group: int, value: int) -> int:
        """How many voxels hold the label."""
        return self._counts.get((group, value), 0)

    def bounds(self, group: int, value: int) -> Box | None:
        """A box that holds every voxel of the label (it may be larger than needed)."""
        return self._bounds.get((group, value))

    def centroid(self, group: int, value: int) -> tuple[float, float, float] | None:
        """Mean voxel index (k, j, i) of the label; None where it has no voxel."""
        count = self.count(group, value)
        if not count:
            return None
        k, j, i = self._sums[group, value]
        return k / count, j / count, i / count

    def apply(self, deltas: tuple[LabelDelta, ...], sign: int = 1) -> None:
        """Add the figures of an edit (sign -1: take them away again)."""
        for delta in deltas:
            key = (delta.group, delta.value)
            self._counts[key] = self._counts.get(key, 0) + sign * delta.count
            (k, j, i), (dk, dj, di) = self._sums.get(key, (0, 0, 0)), delta.index_sum
            self._sums[key] = (k + sign * dk, j + sign * dj, i + sign * di)
            self._bounds[key] = delta.box | self._bounds.get(key, delta.box)
            if self._counts[key] == 0:
                del self._counts[key], self._sums[key], self._bounds[key]


def deltas_of(
    group: int, box: Box, before: NDArray[Any], after: NDArray[Any], xor: NDArray[Any]
) -> list[LabelDelta]:
    """How the figures of every label change when a box goes from before to after (xor of the two)."""
    changed = xor != 0
    labels = set(np.flatnonzero(np.bincount(before[changed]))) | set(
        np.flatnonzero(np.bincount(after[changed]))
    )
    deltas = []
    for value in sorted(int(v) for v in labels - {0}):
        lost, won = changed & (before == value), changed & (after == value)
        (minus, minus_sum), (plus, plus_sum) = _figures(lost), _figures(won)
        count = plus - minus
        total = plus_sum - minus_sum + count * np.array(box.start)
        area = Box.around(lost | won)
        if area is not None:
            sums: Index = (int(total[0]), int(total[1]), int(total[2]))
            deltas.append(LabelDelta(group, value, count, sums, area.shifted(box.start)))
    return deltas


def _figures(mask: NDArray[np.bool_]) -> tuple[int, NDArray[np.int64]]:
    """Voxel count and sum of indices (k, j, i) of a mask."""
    per_slice = np.array([np.count_nonzero(plane) for plane in mask], np.int64)
    columns = mask.sum(axis=0, dtype=np.int32)
    rows, cols = columns.sum(axis=1, dtype=np.int64), columns.sum(axis=0, dtype=np.int64)
    sums = [int(np.arange(len(n)) @ n) for n in (per_slice, rows, cols)]
    return int(per_slice.sum()), np.array(sums, np.int64)
