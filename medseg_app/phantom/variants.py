"""VARIANTS: awkward series that scanners and archives really send, made from one regular CT volume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from medseg_app.core.volume import Volume

from .irregular import duplicate_slice, gantry_tilt, missing_slice, uneven_gaps
from .mixed import b_values, localizers_in_series, localizers_in_study, same_place_twice
from .reformat import as_coronal, as_sagittal, with_negated_columns
from .stack import Stack, Stacks

PADDING_HU = -2000.0


def plain(volume: Volume) -> Stacks:
    """The volume as it is."""
    return (Stack(volume),)


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
