"""Canvas: the voxels that the anatomy is painted into, organ after organ, with soft edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry

from .fields import Field, grain, smooth_field
from .shapes import Distance, Point, Points

AIR_HU = -1000.0
WARP_MM = 3.0


@dataclass(frozen=True, eq=False)
class Region:
    """A block of the canvas; all arrays are views of shape (k, j, i) and painting writes through.

    points: warped patient coordinates (x, y, z) in LPS mm; grain: fine texture of unit deviation.
    """

    points: Points
    hu: Field
    organs: NDArray[np.uint8]
    grain: Field
    bumps: Field
    box: Box

    def paint(self, distance: Distance, hu: float | Field, edge_mm: float = 1.6) -> None:
        """Mix a tissue in: full inside the solid, none outside, a ramp of `edge_mm` across its surface."""
        share = np.clip(0.5 - distance / np.float32(edge_mm), 0, 1)
        self.hu[...] += share * (hu - self.hu)

    def label(self, distance: Distance, value: int) -> None:
        """Give the inside of a solid to an organ (0 takes it away from every organ)."""
        self.organs[distance < 0] = value


class Canvas:
    """An empty field of view (air) on a grid, with the coordinates that painters need."""

    def __init__(self, geometry: VolumeGeometry, rng: np.random.Generator) -> None:
        self.geometry = geometry
        self.hu: Field = np.full(geometry.shape, AIR_HU, dtype=np.float32)
        self.organs: NDArray[np.uint8] = np.zeros(geometry.shape, dtype=np.uint8)
        self.grain = grain(geometry.shape, [2.2 / s for s in geometry.spacing_kji], rng)
        self.bumps = smooth_field(geometry.shape, _lattice(geometry, 16.0), rng)
        self._to_index = np.linalg.inv(geometry.affine)[:3]
        self._points = _warped_points(geometry, rng)

    def whole(self) -> Region:
        """All voxels."""
        return self._region(Box.whole(self.geometry.shape))

    def around(self, centre: Point, reach_mm: ArrayLike) -> Region | None:
        """The voxels near a point, up to `reach_mm` (one figure or one per x, y, z); None outside."""
        reach = np.broadcast_to(np.asarray(reach_mm, dtype=float), (3,)) + 3 * WARP_MM
        middle = self._to_index[:, :3] @ np.asarray(centre) + self._to_index[:, 3]
        extent = np.abs(self._to_index[:, :3]) @ reach
        box = Box.of(np.floor(middle - extent), np.ceil(middle + extent) + 1)
        inside = box.clipped(self.geometry.shape)
        return None if inside.is_empty else self._region(inside)

    def straight_points(self) -> Points:
        """Patient coordinates (x, y, z) of all voxels as they are, for what does not bend with the body."""
        return _straight_points(self.geometry)

    def _region(self, box: Box) -> Region:
        s = box.slices
        x, y, z = (p[s] for p in self._points)
        return Region((x, y, z), self.hu[s], self.organs[s], self.grain[s], self.bumps[s], box)


def _lattice(geometry: VolumeGeometry, wave_mm: float) -> list[int]:
    extent = np.array(geometry.shape) * geometry.spacing_kji
    return [max(int(n), 1) for n in np.ceil(extent / wave_mm)]


def _straight_points(geometry: VolumeGeometry) -> Points:
    k, j, i = (np.arange(n, dtype=np.float32) for n in geometry.shape)
    rows = geometry.affine[:3].astype(np.float32)
    x, y, z = ((r[0] * k)[:, None, None] + (r[1] * j)[:, None] + r[2] * i + r[3] for r in rows)
    return x, y, z


def _warped_points(geometry: VolumeGeometry, rng: np.random.Generator) -> Points:
    """Patient coordinates of all voxels, bent by a few mm so that no contour is a perfect ellipse."""
    lattice = _lattice(geometry, 55.0)
    bends = [np.clip(smooth_field(geometry.shape, lattice, rng), -2, 2) for _ in range(3)]
    x, y, z = (p + np.float32(WARP_MM) * b for p, b in zip(_straight_points(geometry), bends, strict=True))
    return x, y, z
