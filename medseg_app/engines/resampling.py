"""Resampling one axis of an image as a sparse matrix: linear, widened where samples get fewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class AxisSampling:
    """Where the samples of a model lie on one axis of a volume.

    Sample m lies at index `first + m * step` of the volume's axis; both have their centres of gravity
    at the same place.
    """

    volume_count: int
    model_count: int
    step: float = 1.0

    @classmethod
    def at_spacing(cls, count: int, spacing_mm: float, wanted_mm: float) -> AxisSampling:
        """Samples `wanted_mm` apart that cover the whole axis."""
        step = wanted_mm / spacing_mm
        return cls(count, max(int(np.ceil(count / step - 1e-6)), 1), step)

    @property
    def first(self) -> float:
        """Index of the volume at which sample 0 lies; negative where samples reach over the border."""
        return (self.volume_count - 1) / 2 - (self.model_count - 1) / 2 * self.step

    @property
    def is_identity(self) -> bool:
        """Whether samples and voxels are the same."""
        return self.volume_count == self.model_count and self.step == 1.0

    def nearest_sample(self, at: float) -> int:
        """The sample nearest to an index of the volume's axis; the outermost for places beyond them."""
        return int(np.clip(np.rint((at - self.first) / self.step), 0, self.model_count - 1))

    def voxels_near(self, start: int, stop: int) -> tuple[int, int]:
        """Half-open range of voxels that samples start..stop (half-open) can reach."""
        if self.is_identity:
            return start, stop
        reach = max(self.step, 1.0)
        first = int(np.floor(self.first + start * self.step - reach))
        last = int(np.ceil(self.first + (stop - 1) * self.step + reach)) + 1
        # The outermost samples also serve the voxels beyond them.
        first = 0 if start == 0 else max(first, 0)
        last = self.volume_count if stop == self.model_count else min(last, self.volume_count)
        return first, last

    def reading(self) -> csr_array:
        """Matrix (model_count, volume_count) that reads samples from voxels."""
        positions = self.first + np.arange(self.model_count) * self.step
        return _matrix(positions, self.volume_count, self.step)

    def writing(self) -> csr_array:
        """Matrix (volume_count, model_count) that gives voxels from samples."""
        positions = (np.arange(self.volume_count) - self.first) / self.step
        return _matrix(positions, self.model_count, 1.0 / self.step)


def _matrix(positions: NDArray[Any], count: int, step: float) -> csr_array:
    """Triangle weights around each position, as wide as the step where that is above one (no aliasing).

    Weight beyond the border goes to the border's voxel, so that a constant stays constant.
    """
    from scipy.sparse import csr_array

    reach = max(step, 1.0)
    taps = np.arange(int(np.ceil(2 * reach)) + 1)
    columns = np.floor(positions - reach).astype(int)[:, None] + 1 + taps
    weights = np.maximum(0.0, 1.0 - np.abs(columns - positions[:, None]) / reach)
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(len(positions)), len(taps))
    inside = np.clip(columns, 0, count - 1).ravel()
    matrix = csr_array(
        (weights.ravel().astype(np.float32), (rows, inside)), shape=(len(positions), count), dtype=np.float32
    )
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def resample_plane(plane: NDArray[Any], rows: csr_array | None, columns: csr_array | None) -> NDArray[Any]:
    """A plane (j, i) through one matrix per axis, None keeps an axis; float32 where one is used."""
    if rows is not None:
        plane = rows @ np.ascontiguousarray(plane, dtype=np.float32)
    if columns is not None:
        plane = (columns @ np.ascontiguousarray(plane.T, dtype=np.float32)).T
    return plane
