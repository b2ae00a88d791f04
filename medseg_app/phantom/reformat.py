"""The same voxels in another order of axes: what a coronal, sagittal or flipped acquisition would store."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume


def as_coronal(volume: Volume) -> Volume:
    """Slices from front to back, rows towards the feet, columns to the left (of an axial volume)."""
    return _reordered(volume, (1, 0, 2), (1, -1, 1), "coronal")


def as_sagittal(volume: Volume) -> Volume:
    """Slices from left to right, rows towards the feet, columns to the back (of an axial volume)."""
    return _reordered(volume, (2, 0, 1), (-1, -1, 1), "sagittal")


def with_negated_columns(volume: Volume) -> Volume:
    """Rows counted from the back to the front, slices from head to feet: the column cosine is negated."""
    return _reordered(volume, (0, 1, 2), (-1, -1, 1), "columns negated")


def _reordered(volume: Volume, axes: tuple[int, int, int], signs: tuple[int, int, int], name: str) -> Volume:
    """Axis n of the result is axis axes[n] of a regular volume, counted backwards where the sign is -1."""
    grid = volume.geometry
    voxels = volume.voxels.transpose(axes)[tuple(slice(None, None, s) for s in signs)]
    affine = grid.affine
    corner = np.ones(4)
    corner[:3] = 0
    for axis, sign in zip(axes, signs, strict=True):
        corner[axis] = grid.shape[axis] - 1 if sign < 0 else 0
    new = np.eye(4)
    new[:3, :3] = affine[:3, list(axes)] * np.array(signs)
    new[:3, 3] = (affine @ corner)[:3]
    k, j, i = voxels.shape
    geometry = VolumeGeometry.regular((k, j, i), new, grid.frame_of_reference_uid)
    return replace(
        volume,
        voxels=np.ascontiguousarray(voxels),
        geometry=geometry,
        id=f"{volume.id}-{name}",
        description=f"{volume.description}, {name}",
    )
