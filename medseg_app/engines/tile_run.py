"""Run: what computes one tile, whatever the shape of the batches that a network takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Run = Callable[["Tensor"], "Tensor"]
"""Channels of a tile (c, k, j, i) -> logits (n, k, j, i), float32, both on the device of the run."""
ComputeBatch = Callable[["Tensor"], "Tensor"]
"""Batch (b, c, ...) -> logits (b, n, ...)."""


def run_volumes(compute: ComputeBatch) -> Run:
    """A tile is a batch of one."""
    return lambda tile: compute(tile[None])[0]


def run_slices(compute: ComputeBatch) -> Run:
    """A tile is a batch of as many as it has slices."""
    return lambda tile: compute(tile.transpose(0, 1).contiguous()).transpose(0, 1)


def by_arrays(compute: Callable[[NDArray[np.float32]], Any]) -> ComputeBatch:
    """A batch through a program that takes and gives arrays on the processor; nothing is copied."""
    import torch

    return lambda batch: torch.from_numpy(np.asarray(compute(batch.numpy()), np.float32))
