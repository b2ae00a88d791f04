"""Series whose slices are not where a regular grid would have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume

from .stack import Stack, Stacks


def gantry_tilt(volume: Volume, degrees: float = 12.0) -> Stacks:
    """Slices shifted along the columns, as a tilted gantry leaves them."""
    grid = volume.geometry
    drift = (
        np.tan(np.deg2rad(degrees)) * np.linalg.norm(grid.k_step) * grid.j_step / np.linalg.norm(grid.j_step)
    )
    origins = grid.origins + np.arange(grid.shape[0])[:, None] * drift
    tilted = VolumeGeometry.from_slices(
        grid.shape, grid.i_step, grid.j_step, origins, None, grid.frame_of_reference_uid
    )
    return (Stack(replace(volume, geometry=tilted), {"gantry_tilt": degrees}),)


def missing_slice(volume: Volume) -> Stacks:
    """One slice in the upper half was lost."""
    lost = 2 * volume.geometry.shape[0] // 3
    return (Stack(_selected(volume, [k for k in range(volume.geometry.shape[0]) if k != lost])),)


def duplicate_slice(volume: Volume) -> Stacks:
    """One slice arrived twice under different SOPInstanceUIDs."""
    twice = volume.geometry.shape[0] // 3
    return (Stack(_selected(volume, sorted([*range(volume.geometry.shape[0]), twice]))),)


def uneven_gaps(volume: Volume) -> Stacks:
    """The upper half was acquired with slices a third further apart than the lower half."""
    grid = volume.geometry
    beyond = np.clip(np.arange(grid.shape[0]) - grid.shape[0] // 2, 0, None)[:, None] / 3
    uneven = VolumeGeometry.from_slices(
        grid.shape,
        grid.i_step,
        grid.j_step,
        grid.origins + beyond * grid.k_step,
        None,
        grid.frame_of_reference_uid,
    )
    return (Stack(replace(volume, geometry=uneven)),)


def _selected(volume: Volume, slices: Sequence[int]) -> Volume:
    """A volume of chosen slices (repeats allowed), each at its own place."""
    grid = volume.geometry
    geometry = VolumeGeometry.from_slices(
        (len(slices), *grid.shape[1:]),
        grid.i_step,
        grid.j_step,
        grid.origins[list(slices)],
        grid.k_step,
        grid.frame_of_reference_uid,
    )
    return replace(volume, voxels=volume.voxels[list(slices)], geometry=geometry)
