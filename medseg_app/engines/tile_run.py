"""Run: what computes one tile, whatever the shape of the batches that a network takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Channels of a tile (c, k, j, i) -> logits (n, k, j, i)."""
ComputeBatch = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Batch (b, c, ...) -> logits (b, n, ...)."""


def run_volumes(compute: ComputeBatch) -> Run:
    """A tile is a batch of one."""
    return lambda tile: np.asarray(compute(tile[None])[0])


def run_slices(compute: ComputeBatch) -> Run:
    """A tile is a batch of as many as it has slices."""
    return lambda tile: np.asarray(compute(np.ascontiguousarray(tile.swapaxes(0, 1))).swapaxes(0, 1))
