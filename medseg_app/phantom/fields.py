"""Random fields over a voxel grid: smooth ones that bend anatomy, fine ones that give tissue its grain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Field = NDArray[np.floating[Any]]


def smooth_field(shape: Sequence[int], nodes: Sequence[int], rng: np.random.Generator) -> Field:
    """A smooth field of about unit deviation, shape (k, j, i), from random values on a coarse lattice."""
    values = rng.standard_normal([n + 3 for n in nodes])
    for axis, (size, count) in enumerate(zip(shape, nodes, strict=True)):
        values = np.moveaxis(np.tensordot(_spline_weights(size, count), values, (1, axis)), 0, axis)
    return np.asarray(values / max(float(values.std()), 1e-6), dtype=np.float32)


def grain(shape: Sequence[int], sigma_voxels: Sequence[float], rng: np.random.Generator) -> Field:
    """Fine correlated noise of unit deviation, shape (k, j, i)."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    noise = gaussian_filter(noise, sigma_voxels, mode="nearest", truncate=3.0)
    return np.asarray(noise / max(float(noise.std()), 1e-6), dtype=np.float32)


def _spline_weights(size: int, nodes: int) -> NDArray[np.float64]:
    """Weights of `nodes + 3` cubic B-spline coefficients at `size` evenly spread positions."""
    position = np.linspace(0, nodes - 1e-6, size)
    first = position.astype(int)
    t = position - first
    bases = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    weights = np.zeros((size, nodes + 3))
    for offset, basis in enumerate(bases):
        weights[np.arange(size), first + offset] = basis / 6
    return weights
