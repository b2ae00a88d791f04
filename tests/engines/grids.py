"""Grids that tell transposed, reversed and sheared handling apart, and objects placed in patient mm."""

from __future__ import annotations

import numpy as np

from medseg_app.core.box import Index
from medseg_app.core.geometry import VolumeGeometry


def turned(degrees: tuple[float, float, float]) -> np.ndarray:
    """Rotation about x, then y, then z."""
    result = np.eye(3)
    for axis, angle in enumerate(np.deg2rad(degrees)):
        a, b = [n for n in range(3) if n != axis]
        step = np.eye(3)
        step[a, a] = step[b, b] = np.cos(angle)
        step[a, b], step[b, a] = -np.sin(angle), np.sin(angle)
        result = step @ result
    return result


def grid(shape: Index, columns: np.ndarray) -> VolumeGeometry:
    """A grid whose k, j, i steps are the columns (LPS mm), centred on a place off the origin."""
    affine = np.eye(4)
    affine[:3, :3] = columns
    affine[:3, 3] = np.array([12.0, -30.0, 55.0]) - columns @ ((np.array(shape) - 1) / 2)
    return VolumeGeometry.regular(shape, affine)


AXIAL = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], float)
"""Columns k, j, i of an axial series: k to S, j to P, i to L."""


def _sheared() -> np.ndarray:
    columns = AXIAL * [3.0, 1.0, 1.0]
    columns[1, 0] = 0.8
    return columns


GRIDS: dict[str, VolumeGeometry] = {
    "axial": grid((30, 44, 52), AXIAL * [2.0, 1.5, 1.5]),
    "anisotropic": grid((14, 70, 60), AXIAL * [5.0, 0.9, 1.1]),
    "oblique": grid((24, 50, 56), turned((17, -12, 25)) @ AXIAL * [2.5, 1.2, 1.3]),
    "reversed slices": grid((24, 50, 56), AXIAL * [-2.5, 1.2, 1.3]),
    "left-handed": grid((24, 50, 56), AXIAL * [2.5, 1.2, -1.3]),
    "sagittal": grid((26, 48, 54), np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], float) * [2.4, 1.2, 1.3]),
    "coronal": grid((26, 48, 54), np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]], float) * [2.4, 1.2, 1.3]),
    "sheared": grid((20, 60, 60), _sheared()),
    "fine": grid((60, 90, 90), AXIAL * [1.0, 0.7, 0.7]),
    "coarse": grid((12, 24, 24), AXIAL * [5.0, 4.0, 4.0]),
    "single slice": grid((1, 64, 64), AXIAL * [4.0, 1.0, 1.0]),
}

CENTRE = np.array([15.0, -27.0, 52.0])
RADII = np.array([14.0, 9.0, 11.0])
"""An ellipsoid off the middle of every grid, unequal along the axes of the patient (LPS mm)."""


def voxel_positions(geometry: VolumeGeometry) -> np.ndarray:
    """Patient position of every voxel, shape (k, j, i, 3)."""
    return geometry.to_patient(np.stack(np.indices(geometry.shape), axis=-1))


def ellipsoid(geometry: VolumeGeometry) -> np.ndarray:
    """A smooth image: 1 in the ellipsoid, 0 outside, half on its surface."""
    distance = np.linalg.norm((voxel_positions(geometry) - CENTRE) / RADII, axis=-1)
    return np.clip(0.5 + (1 - distance) * RADII.mean() / 4, 0, 1).astype(np.float32)


def centroid(mask: np.ndarray, geometry: VolumeGeometry) -> np.ndarray:
    """Mean patient position of a mask, LPS mm."""
    return geometry.to_patient(np.argwhere(mask).mean(axis=0))
