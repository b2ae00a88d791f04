"""ViewPlane: one of the array's own planes on the screen; view mm <-> voxel index <-> patient mm.

View coordinates (h, v) are millimetres to the right and downwards on the screen, with the flips that
radiologists expect already in them (axial: R left, A top; coronal: R left, S top; sagittal: A left,
S top). They start at the plane's voxel whose two in-plane indices are 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medseg_app.app.view_state import Plane
from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.tools.contract import Axis

Floats = NDArray[np.float64]

RIGHT_AND_DOWN: dict[Plane, tuple[tuple[int, int], tuple[int, int]]] = {
    "axial": ((0, 1), (1, 1)),
    "coronal": ((0, 1), (2, -1)),
    "sagittal": ((1, 1), (2, -1)),
}
"""Per plane: (patient axis, sign) that points right on the screen, and that points down (LPS)."""
SCROLLS: dict[Plane, int] = {"axial": 2, "coronal": 1, "sagittal": 0}
"""Patient axis (LPS) along which a plane scrolls."""


@dataclass(frozen=True, eq=False)
class ViewPlane:
    """How one plane of a volume lies on the screen.

    axis: the array axis that the view scrolls. vertical, horizontal: array axes that run down and
    across the screen, with signs +1 where a higher index lies further down or right.
    """

    geometry: VolumeGeometry
    name: Plane
    axis: Axis
    vertical: Axis
    horizontal: Axis
    vertical_sign: int
    horizontal_sign: int

    @property
    def slices(self) -> int:
        """How many slices the view scrolls through."""
        return self.geometry.shape[self.axis]

    @property
    def shape(self) -> tuple[int, int]:
        """Voxels of one slice: (down, across)."""
        return self.geometry.shape[self.vertical], self.geometry.shape[self.horizontal]

    # The slice axis k may be sheared or uneven, so it is laid out relative to the other axis, which
    # is straight: a point is `index along the straight axis` plus a table of one row per `slanted` index.

    @cached_property
    def _slanted_is_horizontal(self) -> bool:
        return self.horizontal == 0

    @cached_property
    def right(self) -> Floats:
        """Unit vector (LPS) that points right on the screen."""
        return self._axes[0]

    @cached_property
    def down(self) -> Floats:
        """Unit vector (LPS) that points down on the screen."""
        return self._axes[1]

    @cached_property
    def _axes(self) -> tuple[Floats, Floats]:
        across = self._step(self.horizontal) * self.horizontal_sign
        along = self._step(self.vertical) * self.vertical_sign
        if self._slanted_is_horizontal:
            down = along / np.linalg.norm(along)
            return _unit(across - down * (across @ down)), down
        right = across / np.linalg.norm(across)
        return right, _unit(along - right * (along @ right))

    def _step(self, axis: Axis) -> Floats:
        steps = (self.geometry.k_step, self.geometry.j_step, self.geometry.i_step)
        return steps[axis]

    @cached_property
    def _straight(self) -> tuple[Axis, int, float]:
        """The straight axis: (array axis, column of (h, v), signed mm per voxel)."""
        if self._slanted_is_horizontal:
            return self.vertical, 1, float(self._step(self.vertical) @ self.down)
        return self.horizontal, 0, float(self._step(self.horizontal) @ self.right)

    @property
    def _slanted(self) -> Axis:
        return self.horizontal if self._slanted_is_horizontal else self.vertical

    @cached_property
    def _table(self) -> Floats:
        """(h, v) of every index of the slanted axis where the straight index is 0, shape (n, 2)."""
        screen = np.stack([self.right, self.down], axis=1)
        if self._slanted == 0:
            return np.asarray((self.geometry.origins - self.geometry.origins[0]) @ screen)
        steps = np.arange(self.geometry.shape[self._slanted])[:, None] * self._step(self._slanted)
        return np.asarray(steps @ screen)

    @cached_property
    def _end_step(self) -> Floats:
        screen = np.stack([self.right, self.down], axis=1)
        return np.asarray(self._step(self._slanted) @ screen)

    def to_view(self, index_kji: ArrayLike) -> Floats:
        """(h, v) in mm, shape (..., 2), of voxel indices (k, j, i); the index along `axis` is ignored."""
        index = np.asarray(index_kji, dtype=np.float64)
        axis, column, mm = self._straight
        view = self._slanted_position(index[..., self._slanted])
        view[..., column] += index[..., axis] * mm
        return view

    def _slanted_position(self, number: Floats) -> Floats:
        n = len(self._table)
        if n == 1:
            return np.asarray(self._table[0] + number[..., None] * self._end_step)
        low = np.clip(np.floor(number), 0, n - 2).astype(int)
        step = self._table[low + 1] - self._table[low]
        return np.asarray(self._table[low] + (number - low)[..., None] * step)

    def to_index(self, view: ArrayLike, slice_index: float) -> Floats:
        """Fractional voxel index (k, j, i), shape (..., 3), of (h, v) on a slice."""
        point = np.asarray(view, dtype=np.float64)
        axis, column, mm = self._straight
        number = self._slanted_number(point[..., 1 - column])
        index = np.empty((*point.shape[:-1], 3))
        index[..., self.axis] = slice_index
        index[..., self._slanted] = number
        index[..., axis] = (point[..., column] - self._slanted_position(number)[..., column]) / mm
        return index

    def _slanted_number(self, position: Floats) -> Floats:
        column = 1 - self._straight[1]
        heights = self._table[:, column]
        if len(heights) == 1:
            return np.asarray(position / self._end_step[column])
        sign = 1.0 if heights[-1] > heights[0] else -1.0
        low = np.clip(np.searchsorted(sign * heights, sign * position, side="right") - 1, 0, len(heights) - 2)
        return np.asarray(low + (position - heights[low]) / (heights[low + 1] - heights[low]))

    def to_patient(self, view: ArrayLike, slice_index: float) -> Floats:
        """Patient position (LPS mm, shape (..., 3)) of (h, v) on a slice."""
        return self.geometry.to_patient(self.to_index(view, slice_index))

    def from_patient(self, position_lps: ArrayLike) -> tuple[Floats, Floats]:
        """(h, v) of patient positions and their fractional slice numbers."""
        index = self.geometry.to_index(position_lps)
        return self.to_view(index), index[..., self.axis]

    # -- drawing ----------------------------------------------------------------------------------

    def cut(self, array: NDArray[Any], slice_index: int) -> NDArray[Any]:
        """The slice of a (k, j, i) array as (down, across); a view, not a copy."""
        plane = (
            np.take(array, slice_index, axis=self.axis) if array.ndim < 3 else array[self._at(slice_index)]
        )
        return plane if self.vertical < self.horizontal else plane.T

    def _at(self, slice_index: int) -> tuple[int | slice, ...]:
        return tuple(slice_index if axis == self.axis else slice(None) for axis in range(3))

    def cut_box(self, box: Box, slice_index: int) -> tuple[slice, slice] | None:
        """The (down, across) part of a slice that a box of voxels covers; None where they do not meet."""
        if not box.start[self.axis] <= slice_index < box.stop[self.axis] or box.is_empty:
            return None
        slices = box.slices
        return slices[self.vertical], slices[self.horizontal]

    @cached_property
    def mesh(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Triangles that show a slice: corners in view mm and in texture units, both (n, 2).

        Even slices make one rectangle (a parallelogram under gantry tilt). Uneven ones make one strip
        per slice where the slice is, as thick as the usual distance, so that a gap stays black.
        """
        if self._slanted == 0 and not self.geometry.is_regular:
            pieces = [self._strip(number) for number in range(len(self._table))]
        else:
            pieces = [self._whole()]
        corners, texture = zip(*pieces, strict=True)
        return np.concatenate(corners).astype(np.float32), np.concatenate(texture).astype(np.float32)

    def _whole(self) -> tuple[Floats, Floats]:
        texture = np.array([[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]], dtype=np.float64)
        return self.to_view(self._index_at(texture)), texture

    def _index_at(self, texture: Floats) -> Floats:
        index = np.zeros((len(texture), 3))
        index[:, self.horizontal] = texture[:, 0] * self.shape[1] - 0.5
        index[:, self.vertical] = texture[:, 1] * self.shape[0] - 0.5
        return index

    def _strip(self, number: int) -> tuple[Floats, Floats]:
        axis, column, mm = self._straight
        n, straight = len(self._table), self.geometry.shape[axis]
        half = self._half_thickness[number]
        ends = np.array([[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]], dtype=np.float64)
        corners = np.empty((6, 2))
        corners[:, column] = self._table[number, column] + (ends[:, 0] * straight - 0.5) * mm
        corners[:, 1 - column] = self._table[number, 1 - column] + (2 * ends[:, 1] - 1) * half
        texture = np.empty((6, 2))
        texture[:, column] = ends[:, 0]
        texture[:, 1 - column] = (number + ends[:, 1]) / n
        return corners, texture

    @cached_property
    def _half_thickness(self) -> Floats:
        """Signed half thickness of every slice: half the median gap, never over half of a nearer gap."""
        gaps = np.diff(self._table[:, 1 - self._straight[1]])
        sizes = np.abs(gaps)
        before, after = np.concatenate([sizes[:1], sizes]), np.concatenate([sizes, sizes[-1:]])
        half = np.minimum(np.minimum(before, after), np.median(sizes)) / 2
        return np.asarray(half * np.sign(gaps[0]))

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of the slice in view mm."""
        corners = self.mesh[0]
        (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        return left, top, right, bottom

    @property
    def has_gaps(self) -> bool:
        """Whether this plane shows unevenly spaced slices side by side."""
        return self.axis != 0 and not self.geometry.is_regular


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector))


def planes_of(geometry: VolumeGeometry) -> dict[Plane, ViewPlane]:
    """The three planes of a volume, each named by the nearest anatomical one."""
    by_patient_axis = _nearest_axes(geometry)
    return {name: _plane(geometry, name, by_patient_axis) for name in RIGHT_AND_DOWN}


def _nearest_axes(geometry: VolumeGeometry) -> tuple[Axis, Axis, Axis]:
    """The array axis that runs nearest to each patient axis (L, P, S), each used once."""
    likeness = np.abs(geometry.direction_kji)
    best = max(permutations(range(3)), key=lambda axes: sum(likeness[n, axis] for n, axis in enumerate(axes)))
    return cast(tuple[Axis, Axis, Axis], best)


def _plane(geometry: VolumeGeometry, name: Plane, by_patient_axis: tuple[Axis, Axis, Axis]) -> ViewPlane:
    (across, across_sign), (along, along_sign) = RIGHT_AND_DOWN[name]
    horizontal, vertical = by_patient_axis[across], by_patient_axis[along]
    directions = geometry.direction_kji
    return ViewPlane(
        geometry,
        name,
        axis=by_patient_axis[SCROLLS[name]],
        vertical=vertical,
        horizontal=horizontal,
        vertical_sign=along_sign * (1 if directions[along, vertical] >= 0 else -1),
        horizontal_sign=across_sign * (1 if directions[across, horizontal] >= 0 else -1),
    )
