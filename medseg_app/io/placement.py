"""Where a segment lies in the patient: the figures by which an export is compared with what was meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Placement:
    """Size and place of one segment.

    voxels: how many; volume_ml: their volume, None on a grid without even slices.
    centroid, low, high: mean, smallest and largest coordinates of the voxel centres, LPS mm; the
    corners are those of the bounding box along the grid's own axes.
    """

    voxels: int
    volume_ml: float | None
    centroid: Vector
    low: Vector
    high: Vector


def placements(label_map: LabelMap) -> list[Placement | None]:
    """The placement of every segment in order; None for a segment without voxels."""
    by_layer = [_by_value(layer, label_map.geometry) for layer in label_map.layers]
    return [by_layer[segment.group].get(segment.value) for segment in label_map.segments]


def nonempty(label_map: LabelMap) -> list[Segment]:
    """The segments that have voxels, in order."""
    present = [np.flatnonzero(value_counts(layer)) for layer in label_map.layers]
    return [segment for segment in label_map.segments if segment.value in present[segment.group]]


def value_counts(layer: NDArray[Any]) -> NDArray[np.intp]:
    """How often each value occurs, shape (largest value + 1,)."""
    return counts_per_slice(layer).sum(axis=0)


def counts_per_slice(layer: NDArray[Any], highest: int = 0) -> NDArray[np.intp]:
    """How often each value from 0 to the largest one (at least `highest`) occurs in each slice."""
    length = max(int(layer.max(initial=0)), highest) + 1
    # Slice by slice: bincount widens its input to 64 bits, eight times the size of the volume.
    return np.stack([np.bincount(plane.ravel(), minlength=length) for plane in layer])


def _by_value(layer: NDArray[Any], geometry: VolumeGeometry) -> dict[int, Placement]:
    """Placement of every value above zero of one layer."""
    counts = counts_per_slice(layer)
    sums_j, sums_i = _in_plane_sums(layer, counts.shape[1])
    boxes = _boxes(layer)
    found = {}
    for value in np.flatnonzero(counts.sum(axis=0)):
        if value == 0:
            continue
        total = int(counts[:, value].sum())
        centroid = counts[:, value] @ geometry.origins / total
        centroid = (
            centroid + sums_j[value] / total * geometry.j_step + sums_i[value] / total * geometry.i_step
        )
        low, high = _corners(boxes[value - 1], geometry)
        found[int(value)] = Placement(total, _volume(total, geometry), centroid, low, high)
    return found


def _in_plane_sums(layer: NDArray[Any], length: int) -> tuple[Vector, Vector]:
    """Sum of the row and of the column numbers over the voxels of each value."""
    sums_j, sums_i = np.zeros(length), np.zeros(length)
    width = layer.shape[2]
    for plane in layer:
        flat = plane.ravel()
        where = np.flatnonzero(flat)
        if where.size:
            values = flat[where]
            sums_j += np.bincount(values, where // width, minlength=length)
            sums_i += np.bincount(values, where % width, minlength=length)
    return sums_j, sums_i


def _boxes(layer: NDArray[Any]) -> list[Any]:
    from scipy.ndimage import find_objects

    return list(find_objects(layer))


def _corners(box: tuple[slice, slice, slice], geometry: VolumeGeometry) -> tuple[Vector, Vector]:
    ends = [(part.start, part.stop - 1) for part in box]
    # Every slice of the box counts: between uneven or shifted slices the extremes need not be at the ends.
    ks = np.arange(ends[0][0], ends[0][1] + 1)
    index = np.stack(np.meshgrid(ks, ends[1], ends[2], indexing="ij"), axis=-1).reshape(-1, 3)
    points = geometry.to_patient(index)
    return points.min(axis=0), points.max(axis=0)


def _volume(voxels: int, geometry: VolumeGeometry) -> float | None:
    return voxels * geometry.voxel_volume_ml if geometry.is_regular else None
