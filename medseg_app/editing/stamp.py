"""Brush stamps: the voxels within a radius (mm) of a straight piece of a stroke.

The shape is exact in patient mm, so it is right on anisotropic, oblique and sheared grids: a disc is
round on the patient, not on the matrix. A voxel belongs to the stamp when its centre does.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry

from .capsule_chords import capsule_chords

Vector = NDArray[np.float64]
Range = tuple[int, int]

RIM_MM = 2e-10
"""A stamp is larger by this, lest rounding should take a voxel away whose centre is on the very rim."""


@dataclass(frozen=True)
class Stamp:
    """Voxels of a dab or stroke: a boolean mask inside a box of the volume's grid."""

    box: Box
    mask: NDArray[np.bool_]


class Stamper:
    """Makes stamps on one grid; keeps what is the same for every dab.

    Places have three numbers: along the rows, across them in the slice, and across the slices, which are at
    right angles on every grid. Their unit is the width of a column, so a row is cut at numbers of columns.
    """

    def __init__(self, geometry: VolumeGeometry) -> None:
        self.geometry = geometry
        steps = np.stack([geometry.i_step, geometry.j_step, geometry.k_step], axis=1)
        directions, lengths = np.linalg.qr(steps)
        self._column_mm = float(abs(lengths[0, 0]))
        self._frame = directions * np.sign(np.diag(lengths)) / self._column_mm
        self._row = geometry.j_step @ self._frame
        self._slices = geometry.origins @ self._frame
        self._heights = self._slices[:, 2].tolist()

    def ball(self, start: Vector, end: Vector, radius_mm: float) -> Stamp:
        """The voxels within a radius of the line start..end (LPS mm), in all slices."""
        return self._within(start, end, radius_mm, Box.whole(self.geometry.shape))

    def disc(self, start: Vector, end: Vector, radius_mm: float, axis: int, index: int) -> Stamp:
        """The voxels of one plane of the array (axis 0 = k, 1 = j, 2 = i) within a radius of the line."""
        low, high = [0, 0, 0], list(self.geometry.shape)
        low[axis], high[axis] = _clipped(index, index + 1, 0, high[axis])
        return self._within(start, end, radius_mm, Box.of(low, high))

    def _within(self, start: Vector, end: Vector, radius_mm: float, limits: Box) -> Stamp:
        """The voxels of a block of the grid within a radius of the line."""
        radius = (radius_mm + RIM_MM) / self._column_mm
        here, line = start @ self._frame, (end - start) @ self._frame
        (k0, k1), (j0, j1) = self._rows(here, line.tolist(), radius, limits)
        slices, rows = (self._slices[k0:k1] - here).T, np.multiply.outer(self._row, np.arange(j0, j1))
        cuts = np.ceil(capsule_chords(slices[:, :, None] + rows[:, None], line, radius))
        i0 = max(int(np.fmin.reduce(cuts[0], axis=None, initial=limits.stop[2])), limits.start[2])
        i1 = min(int(np.fmax.reduce(cuts[1], axis=None, initial=i0)), limits.stop[2])
        return Stamp(Box((k0, j0, i0), (k1, j1, i1)), _between(cuts - i0, i1 - i0))

    def _rows(self, here: Vector, line: list[float], radius: float, limits: Box) -> tuple[Range, Range]:
        """The slices k and rows j that a capsule from here along a line may reach."""
        (k_low, j_low, _), (k_high, j_high, _) = limits.start, limits.stop
        _, across, up = line
        k0 = bisect_left(self._heights, here[2] + min(up, 0.0) - radius, k_low, k_high)
        k1 = bisect_left(self._heights, here[2] + max(up, 0.0) + radius, k0, k_high)
        if k0 == k1:
            return (k0, k0), (j_low, j_low)
        offsets = self._slices[k0:k1, 1] - here[1]  # slices may be shifted against each other
        first = (min(across, 0.0) - radius - offsets.max()) / self._row[1]
        last = (max(across, 0.0) + radius - offsets.min()) / self._row[1]
        return (k0, k1), _clipped(first, last, j_low, j_high)


def _clipped(low: float, high: float, start: int, stop: int) -> Range:
    """The whole numbers from low to high that also lie in start..stop, half-open."""
    first = min(max(ceil(low), start), stop)
    return first, min(max(ceil(high), first), stop)


def _between(cuts: Vector, width: int) -> NDArray[np.bool_]:
    """Rows (k, j) of a width that are set from the first of two columns (2, k, j) to before the second.

    Rows are copied from a table of all beginnings; comparing every voxel takes ten times as long.
    """
    begun = np.tri(width + 1, width, -1, bool)
    first, second = begun.take(np.fmax(cuts, 0.0).astype(np.intp), axis=0, mode="clip")
    return np.asarray(first ^ second)
