"""Fit: a volume turned and resampled into the frame of a model, and results exactly back.

Axes are only exchanged and reversed, never rotated: an oblique series is seen as it was acquired.
Everything after `fit_volume` is arithmetic on indices, so tilt, shear and handedness cannot be lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medseg_app.core.box import Box, Index
from medseg_app.core.geometry import VolumeGeometry

from .model_card import ModelGrid
from .nearest_axes import nearest_axes
from .resampling import AxisSampling, resample_plane
from .suitable_grid import require_even_slices

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ROUNDING = 1e-6
"""Interpolated probabilities may miss a threshold by this much and still reach it."""


@dataclass(frozen=True)
class Fit:
    """The way between the grid of a volume and the frame of a model.

    axes: model axis n is volume axis axes[n].
    reversed_axes: whether model axis n runs against that volume axis.
    sampling: per model axis, where its samples lie.
    """

    axes: tuple[int, int, int]
    reversed_axes: tuple[bool, bool, bool]
    sampling: tuple[AxisSampling, AxisSampling, AxisSampling]

    @property
    def model_shape(self) -> Index:
        """Shape of the image in the frame of the model."""
        k, j, i = (axis.model_count for axis in self.sampling)
        return k, j, i

    @property
    def turned_shape(self) -> Index:
        """Shape of the volume with its axes in the order of the model, not resampled."""
        k, j, i = (axis.volume_count for axis in self.sampling)
        return k, j, i

    @property
    def is_resampled(self) -> bool:
        """Whether any axis is resampled."""
        return not all(axis.is_identity for axis in self.sampling)

    def nearest_sample(self, index_kji: ArrayLike) -> Index:
        """The sample (k, j, i) of the model's frame nearest to an index of the volume, fractions allowed."""
        index = np.asarray(index_kji, float)[list(self.axes)]
        k, j, i = (
            axis.nearest_sample(axis.volume_count - 1 - at if back else at)
            for axis, at, back in zip(self.sampling, index, self.reversed_axes, strict=True)
        )
        return k, j, i

    def turned(self, voxels: NDArray[Any]) -> NDArray[Any]:
        """A view of voxels (k, j, i) of the volume with the axes of the model."""
        return np.asarray(voxels.transpose(self.axes)[self._steps()])

    def turned_back(self, array: NDArray[Any]) -> NDArray[Any]:
        """The inverse of `turned`, a view."""
        return np.asarray(array[self._steps()].transpose(np.argsort(self.axes)))

    def turned_back_box(self, box: Box) -> Box:
        """A box in the turned frame as a box of the volume."""
        start, stop = list(box.start), list(box.stop)
        for n, axis in enumerate(self.sampling):
            if self.reversed_axes[n]:
                start[n], stop[n] = axis.volume_count - box.stop[n], axis.volume_count - box.start[n]
        order = np.argsort(self.axes)
        return Box.of([start[n] for n in order], [stop[n] for n in order])

    def image(self, voxels: NDArray[Any]) -> NDArray[Any]:
        """Voxels (k, j, i) of the volume in the frame of the model.

        A view of the same type where nothing is resampled, else float32.
        """
        turned = self.turned(voxels)
        if not self.is_resampled:
            return turned
        slices, rows, columns = (None if axis.is_identity else axis.reading() for axis in self.sampling)
        shape = (turned.shape[0], *self.model_shape[1:])
        planes = np.empty(shape, np.float32)
        for k, plane in enumerate(turned):
            planes[k] = resample_plane(plane, rows, columns)
        if slices is None:
            return planes
        flat = planes.reshape(shape[0], -1)
        return np.asarray((slices @ flat).reshape(self.model_shape))

    def mask_to_volume(
        self, box: Box, chance: NDArray[np.float32], threshold: float
    ) -> tuple[Box, NDArray[np.bool_]]:
        """Where probabilities in a box of the model's frame reach a threshold, on the volume's grid.

        Returns a box of the volume and the mask in it, which may be empty.
        """
        ranges: list[tuple[int, int]] = []
        values: NDArray[Any] = chance
        for n, axis in enumerate(self.sampling):
            first, last = axis.voxels_near(box.start[n], box.stop[n])
            ranges.append((first, last))
            if not axis.is_identity:
                matrix = axis.writing()[first:last, box.start[n] : box.stop[n]]
                values = _along(matrix, values, n)
        turned = Box.of([first for first, _ in ranges], [last for _, last in ranges])
        return self.turned_back_box(turned), self.turned_back(np.asarray(values >= threshold - ROUNDING))

    def _steps(self) -> tuple[slice, slice, slice]:
        k, j, i = (slice(None, None, -1 if back else 1) for back in self.reversed_axes)
        return k, j, i


def _along(matrix: csr_array, values: NDArray[Any], axis: int) -> NDArray[np.float32]:
    moved = np.moveaxis(values, axis, 0)
    flat = np.ascontiguousarray(moved, dtype=np.float32).reshape(moved.shape[0], -1)
    return np.moveaxis((matrix @ flat).reshape(-1, *moved.shape[1:]), 0, axis)


def fit_volume(geometry: VolumeGeometry, grid: ModelGrid) -> Fit:
    """How a volume on this grid is brought into the frame of a model.

    Raises GeometryError where the slices are not evenly spaced: a model would see a distorted patient.
    """
    require_even_slices(geometry)
    axes, reversed_axes = nearest_axes(geometry, grid.orientation)
    spacing = [geometry.spacing_kji[a] for a in axes]
    counts = [geometry.shape[a] for a in axes]
    k, j, i = (_sampling(n, counts[n], spacing[n], grid) for n in range(3))
    return Fit(axes, reversed_axes, (k, j, i))


def _sampling(n: int, count: int, spacing: float, grid: ModelGrid) -> AxisSampling:
    if grid.spacing_mm is None:
        return AxisSampling(count, count)
    least, most = grid.keep_mm[n] if grid.keep_mm else (grid.spacing_mm[n], grid.spacing_mm[n])
    if least * (1 - 1e-3) <= spacing <= most * (1 + 1e-3):
        return AxisSampling(count, count)
    return AxisSampling.at_spacing(count, spacing, grid.spacing_mm[n])
