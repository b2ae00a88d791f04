"""A mask from anywhere is placed onto the open volume, to be corrected there."""

from __future__ import annotations

from pathlib import Path

from medseg_app.core.errors import InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.volume import Volume

from . import formats, regrid
from .formats import Say
from .placement import nonempty


def place_on(path: Path, is_dicom: bool, volume: Volume, say: Say, leave_out: Say) -> LabelMap:
    """The labels of a file on the grid of a volume; see `formats.import_labels`."""
    if is_dicom:
        from .dicom.seg_read import read_seg

        seg = read_seg(path)
        for remark in seg.remarks:
            say(remark)
        exact = seg.onto(volume)
        if exact is not None:
            return exact
        labels = seg.label_map()
    else:
        labels = formats.read_labels(path)
    return _by_position(labels, path, volume, say, leave_out)


def _by_position(labels: LabelMap, path: Path, volume: Volume, say: Say, leave_out: Say) -> LabelMap:
    placed = regrid.place(labels, volume.geometry)
    before = sum(int((layer > 0).sum()) for layer in labels.layers)
    if before and placed.outside == before:
        raise InputError(
            f"{path.name} lies wholly outside of these images.", "Open the series that it was drawn on."
        )
    if placed.outside:
        leave_out(
            f"{path.name}: {placed.outside} of {before} voxels lie outside of these images and were left out."
        )
    if not placed.exact:
        say(f"{path.name} has another grid; each voxel took the nearest label.")
    for name in _lost(labels, placed.label_map):
        leave_out(f"{path.name}: {name} has no voxel on the grid of these images and was left out.")
    return placed.label_map


def _lost(before: LabelMap, after: LabelMap) -> list[str]:
    """Names of segments that lie outside, or slipped through between the voxels of a coarser grid."""
    left = nonempty(after)
    return [segment.name for segment in nonempty(before) if segment not in left]
