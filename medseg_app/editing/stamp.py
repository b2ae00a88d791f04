"""Brush stamps: the voxels within a radius (mm) of a straight piece of a stroke.

The shape is exact in patient mm, so it is right on anisotropic, oblique and sheared grids: a disc is
round on the patient, not on the matrix. A voxel belongs to the stamp when its centre does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Stamp:
    """Voxels of a dab or stroke: a boolean mask inside a box of the volume's grid."""

    box: Box
    mask: NDArray[np.bool_]


class Stamper:
    """Makes stamps on one grid; keeps what is the same for every dab."""

    def __init__(self, geometry: VolumeGeometry) -> None:
        self.geometry = geometry
        gaps = np.abs(geometry.gaps_mm)
        k_step = geometry.k_step
        if len(gaps) and not geometry.is_regular:
            k_step = k_step * (gaps.min() / abs(k_step @ geometry.normal))
        inverse = np.linalg.inv(np.stack([k_step, geometry.j_step, geometry.i_step], axis=1))
        self._reach = np.sqrt((inverse**2).sum(axis=1))

    def ball(self, start: Vector, end: Vector, radius_mm: float) -> Stamp:
        """The voxels within a radius of the line start..end (LPS mm), in all slices."""
        return self._within(start, end, radius_mm, self._box(start, end, radius_mm))

    def disc(self, start: Vector, end: Vector, radius_mm: float, axis: int, index: int) -> Stamp:
        """The voxels of one plane of the array (axis 0 = k, 1 = j, 2 = i) within a radius of the line."""
        box = self._box(start, end, radius_mm)
        low, high = list(box.start), list(box.stop)
        low[axis], high[axis] = index, index + 1
        return self._within(start, end, radius_mm, Box.of(low, high))

    def _box(self, start: Vector, end: Vector, radius_mm: float) -> Box:
        first, reach = self.geometry.to_index(start), radius_mm * self._reach
        last = first if end is start else self.geometry.to_index(end)
        low, high = np.minimum(first, last) - reach, np.maximum(first, last) + reach
        return Box.of(np.floor(low), np.ceil(high) + 1)

    def _within(self, start: Vector, end: Vector, radius_mm: float, box: Box) -> Stamp:
        box = box.clipped(self.geometry.shape)
        if box.is_empty:
            return Stamp(box, np.zeros(box.shape, bool))
        (k0, j0, i0), (k1, j1, i1) = box.start, box.stop
        g = self.geometry
        offsets = g.origins[k0:k1] - start
        rows = np.arange(j0, j1)[:, None] * g.j_step
        columns = np.arange(i0, i1)[:, None] * g.i_step
        along = end - start
        length2 = float(along @ along)
        square = _square_lengths(offsets, rows, columns)
        if length2 > 0.0:
            share = (offsets @ along)[:, None, None] + (rows @ along)[:, None] + columns @ along
            share /= length2
            nearest = np.clip(share, 0.0, 1.0)
            # |p - t a|^2 = |p|^2 - 2 t (p.a) + t^2 |a|^2, with p.a = share * |a|^2
            square += length2 * nearest * (nearest - 2.0 * share)
        return Stamp(box, square <= radius_mm * radius_mm)


def _square_lengths(offsets: Vector, rows: Vector, columns: Vector) -> Vector:
    """|offset_k + row_j + column_i|^2 for all (k, j, i), without building the positions."""
    kk, jj, ii = (np.einsum("nx,nx->n", v, v) for v in (offsets, rows, columns))
    in_plane = jj[:, None] + ii + 2.0 * (rows @ columns.T)
    square = in_plane + kk[:, None, None]
    square += 2.0 * (offsets @ rows.T)[:, :, None]
    square += 2.0 * (offsets @ columns.T)[:, None, :]
    return np.asarray(square)
