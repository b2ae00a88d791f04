"""Tiles as large as the memory of a device allows: halved where it is too small, so that the run goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .device import forget_unused, is_out_of_memory
from .tile_plan import LEGAL_STEP, TileSize

T = TypeVar("T")


def with_fitting_tiles(device: str, compute: Callable[[TileSize], T]) -> T:
    """What `compute` gives for the largest tiles of the device that fit its memory.

    What it raises for want of memory is raised on only where the smallest tiles do not fit either.
    """
    size = TileSize.on(device)
    while True:
        try:
            return compute(size)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or size.edge <= LEGAL_STEP:
                raise
        # Outside the handler: the error holds on to the tensors that filled the memory.
        forget_unused(device)
        size = size.halved()
