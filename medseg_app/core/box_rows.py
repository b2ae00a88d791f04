"""Read and write a box of a volume by whole rows.

A box in the middle of a volume is many short rows, and numpy sets up a loop for each of them. With rows
as the elements it moves a plane at a time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 256
"""So many rows are copied as fast one by one."""


def read_rows(area: NDArray[Any]) -> NDArray[Any]:
    """A contiguous copy of a box of a (k, j, i) array."""
    k, j, i = area.shape
    if k * j <= FEW:
        return area.copy()
    return area.view(_row(i * area.itemsize)).copy().view(area.dtype)


def write_rows(area: NDArray[Any], voxels: NDArray[Any]) -> None:
    """Put contiguous voxels into a box of a (k, j, i) array of the same shape and type."""
    k, j, i = area.shape
    if k * j <= FEW:
        area[...] = voxels
        return
    row = _row(i * area.itemsize)
    area.view(row)[...] = voxels.view(row)


@lru_cache(maxsize=256)
def _row(size: int) -> np.dtype[np.void]:
    return np.dtype((np.void, size))
