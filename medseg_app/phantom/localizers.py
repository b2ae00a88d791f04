"""The localizers of a made-up study: a frontal and a lateral projection and one axial slice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medseg_app.core.box import Box
from medseg_app.core.geometry import Vector, VolumeGeometry
from medseg_app.core.volume import Volume


def localizers(volume: Volume) -> tuple[Volume, Volume, Volume]:
    """Frontal, lateral and axial single-slice volumes of a regular volume, head upwards."""
    return _projection(volume, 1), _projection(volume, 2), _middle_slice(volume)


def _projection(volume: Volume, axis: int) -> Volume:
    """Mean along rows (axis 1, seen from the front) or columns (axis 2, seen from the side)."""
    grid = volume.geometry
    slices, others = grid.shape[0], grid.shape[3 - axis]
    along: Vector = grid.i_step if axis == 1 else grid.j_step
    across: Vector = grid.j_step if axis == 1 else grid.i_step
    middle = grid.origins[-1] + across * (grid.shape[axis] - 1) / 2
    thickness = across * grid.shape[axis]
    plane = VolumeGeometry.from_slices(
        (1, slices, others), along, -grid.k_step, middle[None], thickness, grid.frame_of_reference_uid
    )
    mean = volume.voxels[::-1].mean(axis=axis, dtype=np.float32)
    image = np.rint(3.2 * (mean + 620)).clip(-1024, 3071).astype(np.int16)[None]
    name = "Localizer, frontal" if axis == 1 else "Localizer, lateral"
    low, high = -700.0, float(np.percentile(image, 99.5))
    window = (round((low + high) / 2), round(high - low))
    return replace(volume, voxels=image, geometry=plane, description=name, window=window)


def _middle_slice(volume: Volume) -> Volume:
    k = volume.geometry.shape[0] // 2
    box = Box((k, 0, 0), (k + 1, *volume.geometry.shape[1:]))
    return replace(volume.cropped(box), description="Localizer, axial")
