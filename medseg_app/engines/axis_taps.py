"""AxisTaps: one axis of an image resampled, as tensors on a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .resampling import AxisSampling

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

LAST = 2
"""The axis whose numbers lie side by side in memory."""


@dataclass(frozen=True)
class AxisPart:
    """A stretch of one axis: where results go, what they are read from, and the weights.

    places, weights: (taps, results), places counted from the start of the source; None: results are samples.
    matrix: the same weights as (results, samples).
    """

    target: slice
    source: slice
    places: Tensor | None = None
    weights: Tensor | None = None
    matrix: Tensor | None = None

    def write(self, samples: Tensor, axis: int) -> Tensor:
        """Results of samples (k, j, i), which are the source along this axis; themselves where alike."""
        if self.places is None or self.weights is None or self.matrix is None:
            return samples
        if axis == LAST:
            # Gathering single numbers is slow; a product of matrices is not, though most weights are 0.
            return samples @ self.matrix.T
        shape = [-1 if n == axis else 1 for n in range(samples.ndim)]
        taps = zip(self.places, self.weights, strict=True)
        place, weight = next(taps)
        mixed = samples.index_select(axis, place).mul_(weight.view(shape))
        for place, weight in taps:
            mixed.addcmul_(samples.index_select(axis, place), weight.view(shape))
        return mixed


class AxisTaps:
    """What each result on an axis is mixed from, and the weights.

    rows: matrix (results, samples). same: results are the samples.
    """

    def __init__(self, rows: csr_array, same: bool, device: str) -> None:
        import torch

        self._same = same
        begin, end = rows.indptr[:-1], rows.indptr[1:]
        taps = begin + np.arange(int((end - begin).max()))[:, None]
        known = np.minimum(taps, end - 1)
        places = rows.indices[known].astype(np.int64)
        self._least, self._most = places.min(axis=0), places.max(axis=0)
        self._places = torch.from_numpy(places).to(device)
        weights = np.where(taps < end, rows.data[known], 0).astype(np.float32)
        self._weights = torch.from_numpy(weights).to(device)
        self._matrix = torch.from_numpy(rows.toarray()).to(device)

    @classmethod
    def reading(cls, axis: AxisSampling, device: str) -> AxisTaps:
        """Samples of a model, mixed from the voxels of a volume."""
        return cls(axis.reading(), axis.is_identity, device)

    @classmethod
    def writing(cls, axis: AxisSampling, device: str) -> AxisTaps:
        """Voxels of a volume, mixed from the samples of a model."""
        return cls(axis.writing(), axis.is_identity, device)

    @property
    def whole(self) -> AxisPart:
        """What gives all results."""
        return self.part(slice(0, len(self._least)))

    def reach(self, result: int) -> tuple[int, int]:
        """First and last sample that a result is mixed from."""
        return int(self._least[result]), int(self._most[result])

    def part(self, target: slice) -> AxisPart:
        """What gives these results."""
        if self._same:
            return AxisPart(target, target)
        source = slice(int(self._least[target].min()), int(self._most[target].max()) + 1)
        places = self._places[:, target] - source.start
        return AxisPart(target, source, places, self._weights[:, target], self._matrix[target, source])

    def reached_from(self, first: int, last: int) -> AxisPart:
        """What gives all results that any of the samples first..last reaches."""
        reached = np.flatnonzero((self._most >= first) & (self._least <= last))
        return self.part(slice(int(reached[0]), int(reached[-1]) + 1))
