"""Tiles computed ahead: while one is added to the rest, the next ones are on their way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from medseg_app.core.box import Box

if TYPE_CHECKING:
    from torch import Tensor

ComputeTile = Callable[[Box], "Tensor"]
"""A box of the image -> its probabilities (channels, k, j, i)."""


def in_order(compute: ComputeTile, boxes: Iterable[Box], at_once: int) -> Iterator[tuple[Box, Tensor]]:
    """Each box with its tile, in their order; so many are computed at the same time.

    What a tile raises is raised in its turn. Whoever stops asking waits for nothing: tiles that are being
    computed end by themselves.
    """
    if at_once < 2:
        yield from ((box, compute(box)) for box in boxes)
        return
    pool = ThreadPoolExecutor(at_once, "tile")
    waiting: deque[tuple[Box, Future[Tensor]]] = deque()
    try:
        for box in boxes:
            waiting.append((box, pool.submit(_without_gradients, compute, box)))
            if len(waiting) == at_once:
                first, tile = waiting.popleft()
                yield first, tile.result()
        yield from ((box, tile.result()) for box, tile in waiting)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _without_gradients(compute: ComputeTile, box: Box) -> Tensor:
    """That torch keeps no gradients is a setting of each thread."""
    import torch

    with torch.inference_mode():
        return compute(box)
