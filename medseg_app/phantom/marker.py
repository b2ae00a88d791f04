"""marker_phantom: a small asymmetric volume that shows every flip, swap and shift of axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume

SHAPE = (12, 48, 64)
SPACING_KJI = (2.5, 1.5, 0.7)
ORIGIN_LPS = (-20.0, -30.0, -100.0)

AXES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "axial": ((1, 0, 0), (0, 1, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
    "negated": ((1, 0, 0), (0, -1, 0)),
    "both negated": ((-1, 0, 0), (0, -1, 0)),
    "oblique": ((0.8, 0.36, 0.48), (-0.6, 0.48, 0.64)),
}
"""Directions of rows (i) and columns (j), LPS, per orientation; slices follow i x j."""

BLOCKS = (
    ("Block", (2, 5, 8), (7, 15, 13)),
    ("Bar", (1, 30, 20), (2, 33, 60)),
    ("Post", (3, 38, 5), (11, 41, 7)),
    ("Point", (10, 2, 62), (11, 3, 63)),
)
"""Name, first and last-plus-one voxel (k, j, i): no two alike, none where a mirrored one would lie."""


def marker_phantom(orientation: str = "axial") -> tuple[Volume, LabelMap]:
    """A 12 x 48 x 64 CT (k, j, i) with four blocks on a ramp, and the label map of the blocks.

    orientation: a key of AXES. Steps are 2.5, 1.5 and 0.7 mm; voxel (0, 0, 0) lies at ORIGIN_LPS.
    """
    labels = np.zeros(SHAPE, dtype=np.uint8)
    k, j, i = np.indices(SHAPE, dtype=np.int16)
    voxels = (-900 + 40 * k + 5 * j + 2 * i).astype(np.int16)
    segments = []
    for value, (name, start, stop) in enumerate(BLOCKS, start=1):
        block = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        labels[block] = value
        voxels[block] = 200 * value + k[block]
        segments.append(Segment(id=value, name=name, value=value))
    grid = VolumeGeometry.regular(SHAPE, _affine(*AXES[orientation]))
    volume = Volume(
        voxels, grid, id=f"marker-{orientation}", modality="CT", description=f"Marker, {orientation}"
    )
    return volume, LabelMap((labels,), grid, tuple(segments))


def _affine(rows: ArrayLike, columns: ArrayLike) -> np.ndarray:
    i, j = np.asarray(rows, dtype=float), np.asarray(columns, dtype=float)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([np.cross(i, j), j, i], axis=1) * SPACING_KJI
    affine[:3, 3] = ORIGIN_LPS
    return affine
