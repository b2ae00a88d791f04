"""Read and write a box of a volume by whole rows.

A box in the middle of a volume is many short rows. Copied voxel by voxel, numpy sets up a loop for each
of them; with rows as the elements it moves a plane at a time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_rows(area: NDArray[Any]) -> NDArray[Any]:
    """A contiguous copy of a box of a (k, j, i) array."""
    return area.view(_row(area.shape[2] * area.itemsize)).copy().view(area.dtype)


def write_rows(area: NDArray[Any], voxels: NDArray[Any]) -> None:
    """Put contiguous voxels into a box of a (k, j, i) array of the same shape and type."""
    row = _row(area.shape[2] * area.itemsize)
    area.view(row)[...] = voxels.view(row)


@lru_cache(maxsize=256)
def _row(size: int) -> np.dtype[np.void]:
    return np.dtype((np.void, size))
