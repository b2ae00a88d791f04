"""Box: a half-open block of voxel indices (k, j, i)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Index = tuple[int, int, int]


@dataclass(frozen=True)
class Box:
    """Voxels with start <= (k, j, i) < stop; empty where any extent is not positive."""

    start: Index
    stop: Index

    @classmethod
    def whole(cls, shape: Sequence[int]) -> Box:
        """The box that covers an array of this shape."""
        k, j, i = (int(n) for n in shape)
        return cls((0, 0, 0), (k, j, i))

    @classmethod
    def of(cls, start: Sequence[int], stop: Sequence[int]) -> Box:
        """A box from any two sequences of three whole numbers (numpy's included)."""
        k0, j0, i0 = (int(n) for n in start)
        k1, j1, i1 = (int(n) for n in stop)
        return cls((k0, j0, i0), (k1, j1, i1))

    @classmethod
    def around(cls, mask: NDArray[np.generic]) -> Box | None:
        """The smallest box that holds every non-zero voxel of a 3D mask; None where there is none."""
        start, stop = [], []
        for axis in range(3):
            others = tuple(a for a in range(3) if a != axis)
            hits = np.flatnonzero(mask.any(axis=others))
            if hits.size == 0:
                return None
            start.append(int(hits[0]))
            stop.append(int(hits[-1]) + 1)
        return cls.of(start, stop)

    @property
    def shape(self) -> Index:
        """Extent along (k, j, i); never negative."""
        (k0, j0, i0), (k1, j1, i1) = self.start, self.stop
        return max(k1 - k0, 0), max(j1 - j0, 0), max(i1 - i0, 0)

    @property
    def is_empty(self) -> bool:
        """Whether the box holds no voxel."""
        return 0 in self.shape

    @property
    def voxel_count(self) -> int:
        """How many voxels the box holds."""
        k, j, i = self.shape
        return k * j * i

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The box as an index into a (k, j, i) array."""
        (k0, j0, i0), (k1, j1, i1) = self.start, self.stop
        return slice(k0, k1), slice(j0, j1), slice(i0, i1)

    def clipped(self, shape: Sequence[int]) -> Box:
        """The part of the box inside an array of this shape."""
        return self & Box.whole(shape)

    def grown(self, margin: Sequence[int]) -> Box:
        """The box with a margin of (k, j, i) voxels on every side, not clipped."""
        start = [a - m for a, m in zip(self.start, margin, strict=True)]
        stop = [b + m for b, m in zip(self.stop, margin, strict=True)]
        return Box.of(start, stop)

    def shifted(self, offset: Sequence[int]) -> Box:
        """The box moved by an offset of (k, j, i) voxels."""
        (k0, j0, i0), (k1, j1, i1) = self.start, self.stop
        k, j, i = offset
        return Box((int(k0 + k), int(j0 + j), int(i0 + i)), (int(k1 + k), int(j1 + j), int(i1 + i)))

    def within(self, outer: Box) -> Box:
        """The same voxels, indexed from the start of an outer box."""
        return self.shifted([-a for a in outer.start])

    def contains(self, other: Box) -> bool:
        """Whether every voxel of the other box lies in this one."""
        return other.is_empty or (self & other) == other

    def __and__(self, other: Box) -> Box:
        k0, j0, i0 = map(max, self.start, other.start)
        k1, j1, i1 = map(min, self.stop, other.stop)
        return Box((k0, j0, i0), (max(k0, k1), max(j0, j1), max(i0, i1)))

    def __or__(self, other: Box) -> Box:
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        k0, j0, i0 = map(min, self.start, other.start)
        k1, j1, i1 = map(max, self.stop, other.stop)
        return Box((k0, j0, i0), (k1, j1, i1))
