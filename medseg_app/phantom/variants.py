"""Awkward series that scanners and archives really send, made from one regular CT volume.

Every variant is a tuple of stacks; a stack is a volume and the header facts that its slices state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume

from .localizers import localizers
from .reformat import as_coronal, as_sagittal, with_negated_columns

PADDING_HU = -2000.0
LOCALIZER = ("ORIGINAL", "PRIMARY", "LOCALIZER")


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices that are written together; facts are keyword arguments of io's `write_series`."""

    volume: Volume
    facts: dict[str, Any] = field(default_factory=dict)


Stacks = tuple[Stack, ...]


def plain(volume: Volume) -> Stacks:
    """The volume as it is."""
    return (Stack(volume),)


def localizers_in_series(volume: Volume) -> Stacks:
    """Localizers of three orientations under the SeriesInstanceUID of the axial slices."""
    first = volume.geometry.shape[0] + 1
    views = [
        Stack(view, {"image_type": LOCALIZER, "first_instance": first + n})
        for n, view in enumerate(localizers(volume))
    ]
    return (Stack(volume), *views)


def localizers_in_study(volume: Volume) -> Stacks:
    """Localizers as a short series of their own before the axial one."""
    facts = {"series": "localizers", "description": "Localizers", "image_type": LOCALIZER}
    views = [
        Stack(view, {**facts, "first_instance": n}) for n, view in enumerate(localizers(volume), start=1)
    ]
    return (*views, Stack(volume, {"series": "axial", "series_number": 2}))


def two_phases(early: Volume, late: Volume) -> Stacks:
    """Two contrast phases at the same places under one SeriesInstanceUID."""
    second = {
        "acquisition_number": 2,
        "acquisition_time": "101545",
        "first_instance": early.geometry.shape[0] + 1,
    }
    return Stack(early, {"contrast_agent": "Iodine"}), Stack(late, {"contrast_agent": "Iodine", **second})


def same_place_twice(volume: Volume) -> Stacks:
    """Two phases made from one volume: the second is 20 HU brighter."""
    return two_phases(volume, replace(volume, voxels=np.minimum(volume.voxels + 20, 3071).astype(np.int16)))


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


def reversed_order(volume: Volume) -> Stacks:
    """InstanceNumber falls towards the head and the files have scattered names."""
    return (Stack(volume, {"reversed_numbers": True, "scattered_names": True}),)


def monochrome1(volume: Volume) -> Stacks:
    """PhotometricInterpretation MONOCHROME1."""
    return (Stack(replace(volume, inverted=True)),)


def slope_per_slice(volume: Volume) -> Stacks:
    """RescaleSlope differs from slice to slice."""
    return (Stack(volume, {"slopes": tuple(1.0 + 0.013 * k for k in range(volume.geometry.shape[0]))}),)


def padded(volume: Volume) -> Stacks:
    """Voxels outside the round field of view hold PixelPaddingValue."""
    _, rows, columns = volume.geometry.shape
    j, i = np.ogrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    voxels = np.where(j**2 + i**2 > 1, PADDING_HU, volume.voxels).astype(np.int16)
    return (Stack(replace(volume, voxels=voxels, padding=PADDING_HU)),)


def b_values(volume: Volume) -> Stacks:
    """A diffusion MR series: three b-values at the same places under one SeriesInstanceUID."""
    base = np.clip(volume.voxels.astype(np.float32) + 1024, 0, 1500)
    n = volume.geometry.shape[0]
    return tuple(
        Stack(
            replace(
                volume,
                voxels=(base * np.exp(-b * 1.1e-3)).astype(np.int16),
                modality="MR",
                units="",
                window=None,
            ),
            {"b_value": b, "first_instance": 1 + m * n, "image_type": ("ORIGINAL", "PRIMARY", "OTHER")},
        )
        for m, b in enumerate((0.0, 400.0, 800.0))
    )


VARIANTS: dict[str, Callable[[Volume], Stacks]] = {
    "plain": plain,
    "localizers in the series": localizers_in_series,
    "localizers in the study": localizers_in_study,
    "two phases": same_place_twice,
    "gantry tilt": gantry_tilt,
    "missing slice": missing_slice,
    "duplicate slice": duplicate_slice,
    "uneven gaps": uneven_gaps,
    "reversed order": reversed_order,
    "coronal": lambda volume: plain(as_coronal(volume)),
    "sagittal": lambda volume: plain(as_sagittal(volume)),
    "negated columns": lambda volume: plain(with_negated_columns(volume)),
    "MONOCHROME1": monochrome1,
    "slope per slice": slope_per_slice,
    "padding": padded,
    "b-values": b_values,
}
"""Every variant that can be made from a single regular CT volume, by name."""


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
