"""SegmentStatistics: count, index sums and bounds per label, kept up to date edit by edit.

The cost of an update is that of the touched box, never that of the volume.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .box import Box

Key = tuple[int, int]


class SegmentStatistics:
    """Figures by (group, label value). Bounds only grow until a label is empty again."""

    def __init__(self) -> None:
        self._counts: dict[Key, int] = {}
        self._sums: dict[Key, NDArray[np.int64]] = {}
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
        k, j, i = (self._sums[group, value] / count).tolist()
        return k, j, i

    def update(self, group: int, box: Box, before: NDArray[Any], after: NDArray[Any]) -> None:
        """Account for a box whose labels went from before to after."""
        changed = before != after
        if not changed.any():
            return
        index = np.argwhere(changed)
        old, new = before[changed], after[changed]
        self._add(group, box, index, old, -1)
        self._add(group, box, index, new, +1)

    def _add(self, group: int, box: Box, index: NDArray[np.intp], labels: NDArray[Any], sign: int) -> None:
        for value in np.unique(labels):
            if value == 0:
                continue
            hits = index[labels == value]
            key = (group, int(value))
            self._counts[key] = self._counts.get(key, 0) + sign * len(hits)
            total = hits.sum(axis=0) + len(hits) * np.array(box.start)
            self._sums[key] = self._sums.get(key, np.zeros(3, np.int64)) + sign * total
            if sign > 0:
                area = Box.of(hits.min(axis=0), hits.max(axis=0) + 1).shifted(box.start)
                self._bounds[key] = area | self._bounds[key] if key in self._bounds else area
            if self._counts[key] == 0:
                for table in (self._counts, self._sums, self._bounds):
                    table.pop(key, None)  # type: ignore[attr-defined]
