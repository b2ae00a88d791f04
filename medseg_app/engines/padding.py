"""Voxels that mean "no image here" have a value far from all others; a model is not to see it as tissue."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medseg_app.core.volume import Volume


def without_padding(volume: Volume) -> Volume:
    """The volume with its padding at the lowest value of the image proper; itself where it has none."""
    if volume.padding is None:
        return volume
    outside = volume.voxels == volume.padding
    if not outside.any() or outside.all():
        return volume
    lowest = volume.voxels.min(where=~outside, initial=volume.voxels.max())
    voxels = np.where(outside, lowest, volume.voxels)
    return replace(volume, voxels=voxels, padding=None)
