"""Series and studies in which several volumes were sent together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medseg_app.core.volume import Volume

from .localizers import localizers
from .stack import Stack, Stacks

LOCALIZER = ("ORIGINAL", "PRIMARY", "LOCALIZER")


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
