"""Whether a file that comes onto an open series is a mask for it or an image of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.progress import Progress

from .left_out import is_dicom_seg

Kind = Literal["mask", "image", "either"]

FEW, MANY = 128, 256
"""A mask holds at most FEW values; with more than MANY it is an image."""
SAME_PLACE_MM = 0.05
MASK_SUFFIXES = (".seg.nrrd",)


def is_surely_mask(path: Path) -> bool:
    """Whether a file is a mask by its name, or by its head a DICOM segmentation."""
    return path.name.lower().endswith(MASK_SUFFIXES) or is_dicom_seg(path)


def kind_of_file(path: Path, open_grid: VolumeGeometry, progress: Progress) -> Kind:
    """What values and grid of a NIfTI, NRRD or MHA file say; "either" where only its user knows.

    Raises InputError where the file cannot be read as an image.
    """
    from medseg_app.io.formats import read_image

    if path.name.lower().endswith(MASK_SUFFIXES):
        return "mask"
    volume = read_image(path)
    progress(0.5)
    return kind_of(volume.voxels, volume.geometry.same_grid(open_grid, SAME_PLACE_MM), progress)


def kind_of(voxels: NDArray[Any], same_grid: bool, progress: Progress) -> Kind:
    """What values (k, j, i) say: labels are few whole numbers, on the grid of their series."""
    values: set[int] = set()
    for number, plane in enumerate(voxels):
        if plane.min() < 0 or (plane.dtype.kind == "f" and (plane != np.rint(plane)).any()):
            return "image"
        values.update(np.unique(plane).astype(int).tolist())
        if len(values) > MANY:
            return "image"
        progress(0.5 + 0.5 * number / len(voxels))
    return "mask" if same_grid and 0 in values and 1 < len(values) <= FEW else "either"
