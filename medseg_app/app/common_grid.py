"""Two label maps of one lattice on one grid."""

from __future__ import annotations

import numpy as np

from medseg_app.core.box import Box
from medseg_app.core.errors import GeometryError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap


def on_one_grid(mine: LabelMap, theirs: LabelMap) -> tuple[LabelMap, LabelMap]:
    """Two label maps on the block of one lattice that holds both; a SEG holds only slices with voxels.

    Raises GeometryError where they lie on different lattices.
    """
    from medseg_app.io.regrid import place

    if mine.geometry.same_grid(theirs.geometry, 0.01):
        return mine, theirs
    grid = _joined(mine.geometry, theirs.geometry)
    placed = place(mine, grid), place(theirs, grid)
    if any(not result.exact or result.outside for result in placed):
        raise GeometryError(
            "Prediction and truth lie on different grids, so their voxels cannot be compared.",
            "Export both onto the same series first.",
        )
    return placed[0].label_map, placed[1].label_map


def _joined(first: VolumeGeometry, second: VolumeGeometry) -> VolumeGeometry:
    """The first grid, extended to reach as far as the second."""
    corners = np.array([[0, 0, 0], [n - 1 for n in second.shape]])
    index = np.rint(first.to_index(second.to_patient(corners))).astype(int)
    box = Box.whole(first.shape) | Box.of(index.min(axis=0), index.max(axis=0) + 1)
    affine = first.affine.copy()
    affine[:3, 3] = first.to_patient(box.start)
    return VolumeGeometry.regular(box.shape, affine, first.frame_of_reference_uid)
