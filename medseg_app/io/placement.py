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


class _Extent:
    """What is added up, slice by slice, about every value of a layer; axis 0 is j, axis 1 is i."""

    def __init__(self, layer: NDArray[Any]) -> None:
        length = int(layer.max(initial=0)) + 1
        self.counts = np.zeros((layer.shape[0], length), np.intp)
        self.sums = np.zeros((2, length))
        self.low = np.full((2, length), max(layer.shape), np.intp)
        self.high = np.full((2, length), -1, np.intp)
        for k, plane in enumerate(layer):
            self._add(k, plane)

    def _add(self, k: int, plane: NDArray[Any]) -> None:
        # Only labelled voxels are looked at: most of a volume is background.
        flat = plane.ravel()
        where = np.flatnonzero(flat)
        if not where.size:
            return
        values, length = flat[where], self.counts.shape[1]
        self.counts[k] = np.bincount(values, minlength=length)
        for axis, numbers in enumerate(np.divmod(where, plane.shape[1])):
            self.sums[axis] += np.bincount(values, numbers, minlength=length)
            np.minimum.at(self.low[axis], values, numbers)
            np.maximum.at(self.high[axis], values, numbers)

    def box(self, value: int) -> list[tuple[int, int]]:
        """First and last voxel along k, j and i."""
        ks = np.flatnonzero(self.counts[:, value])
        sides = [(int(self.low[axis, value]), int(self.high[axis, value])) for axis in (0, 1)]
        return [(int(ks[0]), int(ks[-1])), *sides]


def _by_value(layer: NDArray[Any], geometry: VolumeGeometry) -> dict[int, Placement]:
    """Placement of every value above zero of one layer."""
    extent = _Extent(layer)
    return {
        int(value): _placement(extent, int(value), geometry)
        for value in np.flatnonzero(extent.counts.sum(axis=0))
    }


def _placement(extent: _Extent, value: int, geometry: VolumeGeometry) -> Placement:
    counts = extent.counts[:, value]
    total = int(counts.sum())
    mean_j, mean_i = extent.sums[:, value] / total
    centroid = counts @ geometry.origins / total + mean_j * geometry.j_step + mean_i * geometry.i_step
    low, high = _corners(extent.box(value), geometry)
    return Placement(total, _volume(total, geometry), centroid, low, high)


def _corners(ends: list[tuple[int, int]], geometry: VolumeGeometry) -> tuple[Vector, Vector]:
    # Every slice of the box counts: between uneven or shifted slices the extremes need not be at the ends.
    ks = np.arange(ends[0][0], ends[0][1] + 1)
    index = np.stack(np.meshgrid(ks, ends[1], ends[2], indexing="ij"), axis=-1).reshape(-1, 3)
    points = geometry.to_patient(index)
    return points.min(axis=0), points.max(axis=0)


def _volume(voxels: int, geometry: VolumeGeometry) -> float | None:
    return voxels * geometry.voxel_volume_ml if geometry.is_regular else None
