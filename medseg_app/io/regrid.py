"""A label map finds its place on the grid of another volume, voxel by nearest voxel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap

SAME_VOXEL = 0.02
"""Share of a voxel by which centres may miss each other and still be the same voxel."""


@dataclass(frozen=True)
class Placed:
    """Labels on the new grid.

    exact: every voxel centre of the labels is a voxel centre of the new grid.
    outside: labelled voxels that lie outside of the new grid, or where it misses a slice.
    """

    label_map: LabelMap
    exact: bool
    outside: int


def place(label_map: LabelMap, geometry: VolumeGeometry) -> Placed:
    """Put labels onto another grid by patient position; each voxel takes the nearest label."""
    if label_map.geometry.same_grid(geometry, 0.01):
        return Placed(LabelMap(label_map.layers, geometry, label_map.segments), True, 0)
    placed = [_onto(layer, label_map.geometry, geometry) for layer in label_map.layers]
    outside = sum(_outside(layer, label_map.geometry, geometry) for layer in label_map.layers)
    exact = _lattices_meet(label_map.geometry, geometry)
    return Placed(LabelMap(tuple(placed), geometry, label_map.segments), exact, outside)


def _onto(layer: NDArray[Any], source: VolumeGeometry, target: VolumeGeometry) -> NDArray[Any]:
    result = np.zeros(target.shape, layer.dtype)
    box = Box.around(layer)
    if box is None:
        return result
    where = _target_box(box, source, target)
    for k in range(where.start[0], where.stop[0]):
        index = _nearest(_plane(k, where), source, target)
        inside = ((index >= 0) & (index < source.shape)).all(axis=-1)
        values = np.zeros(inside.shape, layer.dtype)
        values[inside] = layer[tuple(index[inside].T)]
        result[k, where.slices[1], where.slices[2]] = values
    return result


def _plane(k: int, box: Box) -> NDArray[np.float64]:
    """Indices (k, j, i) of one slice of a box, shape (rows, columns, 3)."""
    rows, columns = np.arange(box.start[1], box.stop[1]), np.arange(box.start[2], box.stop[2])
    j, i = np.meshgrid(rows, columns, indexing="ij")
    return np.stack([np.full_like(j, k), j, i], axis=-1).astype(float)


def _nearest(index: NDArray[np.float64], source: VolumeGeometry, target: VolumeGeometry) -> NDArray[np.intp]:
    """The source voxel nearest to each target voxel (k, j, i)."""
    return np.floor(source.to_index(target.to_patient(index)) + 0.5).astype(np.intp)


def _target_box(box: Box, source: VolumeGeometry, target: VolumeGeometry) -> Box:
    """The block of the target in which voxels of a source box can lie, with one voxel to spare."""
    ends = [(start - 0.5, stop - 0.5) for start, stop in zip(box.start, box.stop, strict=True)]
    # Every slice, not only the first and last: shifted slices reach further than the ends say.
    ks = np.concatenate([[ends[0][0]], np.arange(box.start[0], box.stop[0]), [ends[0][1]]])
    corners = np.stack(np.meshgrid(ks, ends[1], ends[2], indexing="ij"), axis=-1).reshape(-1, 3)
    index = target.to_index(source.to_patient(corners))
    low, high = np.floor(index.min(axis=0)) - 1, np.ceil(index.max(axis=0)) + 2
    return Box.of(low, high).clipped(target.shape)


def _outside(layer: NDArray[Any], source: VolumeGeometry, target: VolumeGeometry) -> int:
    # Slice by slice: the positions of a whole body would take fifty times its mask.
    return sum(_outside_of_slice(k, plane, source, target) for k, plane in enumerate(layer) if plane.any())


def _outside_of_slice(k: int, plane: NDArray[Any], source: VolumeGeometry, target: VolumeGeometry) -> int:
    j, i = np.nonzero(plane)
    position = source.to_patient(np.stack([np.full_like(j, k), j, i], axis=-1))
    there = np.floor(target.to_index(position) + 0.5)
    outside = ((there < 0) | (there >= target.shape)).any(axis=-1)
    return int((outside | _between_slices(position, there[:, 0], target)).sum())


def _between_slices(
    position: NDArray[np.float64], nearest: NDArray[np.float64], target: VolumeGeometry
) -> NDArray[np.bool_]:
    """Which positions lie where a slice is missing: further from the nearest one than slices are thick."""
    if target.is_regular:
        return np.zeros(len(position), bool)
    slices = target.origins[np.clip(nearest, 0, target.shape[0] - 1).astype(np.intp)]
    apart = np.abs((position - slices) @ target.normal)
    return np.asarray(apart > (0.5 + SAME_VOXEL) * target.spacing_kji[0])


def _lattices_meet(source: VolumeGeometry, target: VolumeGeometry) -> bool:
    """Whether neighbouring voxels of one grid are neighbours of the other, centre on centre."""
    if not (source.is_regular and target.is_regular):
        return False
    last = np.array(source.shape) - 1.0
    index = target.to_index(source.to_patient(np.concatenate([[np.zeros(3)], np.diag(last), [last]])))
    steps = target.to_index(source.to_patient(np.eye(3))) - target.to_index(
        source.to_patient(np.zeros((1, 3)))
    )
    centred = np.abs(index - np.rint(index)).max() < SAME_VOXEL
    unit = np.allclose(np.sort(np.abs(steps), axis=1), [0, 0, 1], atol=SAME_VOXEL)
    return bool(centred and unit)
