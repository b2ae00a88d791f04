"""Compare two label files: what `medseg evaluate` and `ms.evaluate` do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from medseg_app.core.box import Box
from medseg_app.core.errors import GeometryError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap


def evaluate_files(prediction: Path, truth: Path, unknown: tuple[int, ...] = ()) -> dict[str, Any]:
    """Figures per class, per finding and their means; undefined ones are None.

    Classes match by value, in DICOM SEG (whose numbers only count) by name. Raises GeometryError where
    the grids differ.
    """
    from medseg_app.io.formats import read_labels
    from medseg_app.metrics.evaluate_files import evaluate_files as compare

    files = read_labels(prediction), read_labels(truth)
    holds_seg = [_is_seg(path) for path in (prediction, truth)]
    mine, theirs = _on_one_grid(*files) if any(holds_seg) else files
    by_name = any(holds_seg)
    names = {s.name for s in theirs.segments if s.value in unknown}
    return compare(mine, theirs, names if by_name else unknown, "name" if by_name else "value")


def _is_seg(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def _on_one_grid(mine: LabelMap, theirs: LabelMap) -> tuple[LabelMap, LabelMap]:
    """Two label maps on the block of one lattice that holds both; a SEG holds only slices with voxels."""
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
