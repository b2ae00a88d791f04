"""Small label files with boxes in them, and images on their grid."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment

SHAPE = (6, 20, 24)
AFFINE_KJI = np.array([[0.0, 0, 1, 0], [0, 1, 0, 0], [3, 0, 0, 0], [0, 0, 0, 1]])

Boxes = dict[int, tuple[int, int]]
"""Value -> first and last column of a slab in slices 1 to 4, rows 4 to 12."""


def grid(shape: tuple[int, int, int] = SHAPE) -> VolumeGeometry:
    return VolumeGeometry.regular(shape, AFFINE_KJI)


def labels(boxes: Boxes, shape: tuple[int, int, int] = SHAPE, **segment) -> LabelMap:
    voxels = np.zeros(shape, np.uint8)
    for value, (start, stop) in boxes.items():
        voxels[1:5, 4:12, start:stop] = value
    segments = tuple(Segment(id=v, name=f"Label {v}", value=v, **segment) for v in boxes)
    return LabelMap((voxels,), grid(shape), segments)


def write(path: Path, boxes: Boxes, shape: tuple[int, int, int] = SHAPE) -> Path:
    """A NIfTI, NRRD or MetaImage file, by its suffix."""
    from medseg_app.io.formats import format_of

    path.parent.mkdir(exist_ok=True)
    format_of(path).load().write_labels(labels(boxes, shape), path)
    return path


def write_image(path: Path, voxels: np.ndarray) -> Path:
    """An image (k, j, i) on the grid of the labels, as NIfTI."""
    path.parent.mkdir(exist_ok=True)
    affine = np.diag([-1.0, -1.0, 3.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(voxels.transpose(2, 1, 0), affine), path)
    return path
