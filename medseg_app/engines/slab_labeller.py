"""SlabLabeller: class probabilities that arrive slab by slab become labels on the volume's own grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fit import Fit
from .resampling import AxisPart, resample_plane


class SlabLabeller:
    """Interpolates probabilities to the voxels of the volume and keeps the best class of each.

    Only one slab of probabilities is in memory at a time. Channel 0 is background, channel n is the
    n-th of `values`.
    """

    def __init__(self, fit: Fit, values: list[int], keep_confidence: bool) -> None:
        self._fit = fit
        self._values = np.array([0, *values], np.uint16 if max(values) > 255 else np.uint8)
        self._labels = np.zeros(fit.turned_shape, self._values.dtype)
        self._confidence = np.zeros(fit.turned_shape, np.uint8) if keep_confidence else None
        self._sums = np.zeros(len(self._values))
        self._counts = np.zeros(len(self._values), np.int64)
        slices, rows, columns = fit.sampling
        self._slices = slices.writing()
        self._rows = None if rows.is_identity else rows.writing()
        self._columns = None if columns.is_identity else columns.writing()
        self._waiting: list[NDArray[np.float32]] = []
        self._first_waiting = 0
        self._next = 0

    def add(self, probabilities: NDArray[np.float32]) -> None:
        """Take the next slices of the model's frame, shape (channels, slices, j, i), in order."""
        self._waiting.extend(probabilities[:, k] for k in range(probabilities.shape[1]))
        while self._next < self._fit.turned_shape[0]:
            first, last = self._reach(self._next)
            if last >= self._first_waiting + len(self._waiting):
                break
            del self._waiting[: first - self._first_waiting]
            self._first_waiting = first
            self._label(self._next)
            self._next += 1

    def labels(self) -> NDArray[Any]:
        """Class values on the volume's grid (k, j, i)."""
        return self._fit.turned_back(self._labels)

    def confidence(self) -> NDArray[np.uint8] | None:
        """Probability of the chosen class of each voxel, 0..255, where it was asked for."""
        return None if self._confidence is None else self._fit.turned_back(self._confidence)

    def mean_probabilities(self) -> dict[int, float]:
        """Mean probability over the voxels of each class that has any."""
        found = np.flatnonzero(self._counts[1:]) + 1
        return {int(self._values[c]): float(self._sums[c] / self._counts[c]) for c in found}

    def _reach(self, k: int) -> tuple[int, int]:
        """First and last slice of the model that slice k of the volume needs."""
        used = self._slices.indices[self._slices.indptr[k] : self._slices.indptr[k + 1]]
        return int(used.min()), int(used.max())

    def _label(self, k: int) -> None:
        start, stop = self._slices.indptr[k], self._slices.indptr[k + 1]
        planes = [self._waiting[n - self._first_waiting] for n in self._slices.indices[start:stop]]
        weights = self._slices.data[start:stop]
        mixed = planes[0] if len(planes) == 1 else sum(w * p for w, p in zip(weights, planes, strict=True))
        assert not isinstance(mixed, int)
        # Where background has more than half everywhere around, no interpolation makes another class win.
        unsure = mixed[0] <= 0.5
        if unsure.any():
            self._choose(k, mixed, unsure)

    def _choose(self, k: int, mixed: NDArray[np.float32], unsure: NDArray[np.bool_]) -> None:
        """Interpolate and decide the part of slice k of the volume that unsure samples reach."""
        rows = AxisPart.reached_from(self._rows, np.asarray(unsure.any(axis=1)))
        columns = AxisPart.reached_from(self._columns, np.asarray(unsure.any(axis=0)))
        part = mixed[:, rows.source, columns.source]
        channels = np.stack([resample_plane(plane, rows.matrix, columns.matrix) for plane in part])
        best = channels.argmax(axis=0)
        chance = np.take_along_axis(channels, best[None], axis=0)[0]
        self._labels[k, rows.target, columns.target] = self._values[best]
        self._sums += np.bincount(best.ravel(), chance.ravel(), len(self._values))
        self._counts += np.bincount(best.ravel(), minlength=len(self._values))
        if self._confidence is not None:
            self._confidence[k, rows.target, columns.target] = np.rint(np.clip(chance, 0, 1) * 255)
