"""Hover: what lies under the pointer, for the status bar."""

from __future__ import annotations

from dataclasses import dataclass

from medseg_app.core.box import Index
from medseg_app.core.case import Case, Position
from medseg_app.core.segment import Segment


@dataclass(frozen=True)
class Hover:
    """The voxel under the pointer: index (k, j, i), place in patient mm, value and topmost segment.

    series: the series that the voxel belongs to, where it is not the open one.
    """

    index: Index
    position_lps: Position
    value: float
    units: str
    segment: Segment | None
    modality: str = ""
    series: str = ""


def hover_at(case: Case, position_lps: Position, series: str = "") -> Hover | None:
    """What lies at a patient position (LPS mm); None outside the volume."""
    volume = case.volume
    index = volume.geometry.nearest_voxel(position_lps)
    if index is None:
        return None
    units = "HU" if volume.modality == "CT" and not volume.units else volume.units
    value, segment = float(volume.voxels[index]), case.segmentation.segment_at(index)
    return Hover(index, position_lps, value, units, segment, volume.modality, series)
