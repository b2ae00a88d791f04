"""Sliding window: a network that sees tiles gives probabilities for a whole image, slab by slab."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.progress import Progress

from .ahead import ComputeTile, in_order
from .tile_plan import TilePlan

if TYPE_CHECKING:
    from torch import Tensor

SIGMA = 0.125
"""Width of the Gaussian that blends neighbouring tiles, as a share of the tile's edge."""


def slide(plan: TilePlan, compute: ComputeTile, progress: Progress, at_once: int = 1) -> Iterator[Tensor]:
    """Probabilities (channels, slices, j, i) of the whole image, in slabs of slices in their order.

    They are blended on the device on which they are computed. A slab lasts until the next one is asked
    for: all share their memory. Progress is reported before every tile is waited for. at_once: how many are
    computed at the same time, each in a thread of its own where it is more than one.
    """
    blend = _Blend(plan)
    tiles = in_order(compute, _boxes(plan), min(at_once, plan.count))
    done, row_of_tiles = 0, plan.count // len(plan.starts[0])
    for row, k in enumerate(plan.starts[0]):
        for _ in range(row_of_tiles):
            progress(done / plan.count, f"tile {done + 1} of {plan.count}")
            blend.add(*next(tiles))
            done += 1
        following = plan.starts[0][row + 1 : row + 2]
        count = following[0] - k if following else plan.tile[0]
        yield blend.finished(count)
        blend.drop(count)
    progress(1.0)


def _boxes(plan: TilePlan) -> Iterator[Box]:
    """The places of all tiles, row of slices by row."""
    for k, j, i in product(*plan.starts):
        yield Box((k, j, i), (k + plan.tile[0], j + plan.tile[1], i + plan.tile[2]))


def mirrored(image: NDArray[Any], box: Box) -> NDArray[Any]:
    """The voxels of a box of an image (k, j, i), which is mirrored at its borders."""
    if Box.whole(image.shape).contains(box):
        return np.asarray(image[box.slices])
    places = []
    for start, stop, count in zip(box.start, box.stop, image.shape, strict=True):
        phase = np.arange(start, stop) % (2 * count)
        places.append(np.minimum(phase, 2 * count - 1 - phase))
    return np.asarray(image[np.ix_(*places)])


class _Blend:
    """Sums weighted tiles of one row of slices and hands out the slices that no later tile touches."""

    def __init__(self, plan: TilePlan) -> None:
        self._plan = plan
        self._windows = [_gaussian(edge) for edge in plan.tile]
        # Tiles stand on the full product of the starts, so the sum of their weights is a product too.
        self._cover = [_coverage(plan.starts[n], self._windows[n]) for n in range(3)]
        self._origin = [axis[0] for axis in plan.starts]
        self._weight: Tensor | None = None
        self._sum: Tensor | None = None
        self._k = self._origin[0]

    def add(self, box: Box, result: Tensor) -> None:
        """Add the probabilities (channels, k, j, i) of one tile."""
        if self._plan.count == 1:
            self._sum = result
            return
        if self._sum is None or self._weight is None:
            extent = (len(result), self._plan.tile[0], len(self._cover[1]), len(self._cover[2]))
            self._sum, self._weight = result.new_zeros(extent), _product(self._windows, result)
        _, j, i = np.subtract(box.start, self._origin)
        place = self._sum[:, :, j : j + self._plan.tile[1], i : i + self._plan.tile[2]]
        place.addcmul_(result, self._weight)

    def finished(self, count: int) -> Tensor:
        """The next finished slices, cropped to the image, where they lie."""
        assert self._sum is not None
        first, slab = self._k - self._origin[0], self._sum[:, :count]
        if self._plan.count > 1:
            slab.div_(_product([self._cover[0][first : first + count], *self._cover[1:]], slab))
        _, j, i = (slice(-o, n - o) for o, n in zip(self._origin, self._plan.shape, strict=True))
        # Only a single tile reaches over the border along k, so its origin is what is to be cut.
        k = slice(max(-self._origin[0] - first, 0), self._plan.shape[0] - self._origin[0] - first)
        return slab[:, k, j, i]

    def drop(self, count: int) -> None:
        """Forget the finished slices; later ones move up, so many at a time that none lies on another."""
        assert self._sum is not None
        depth = self._plan.tile[0]
        for start in range(count, depth, count):
            moved = self._sum[:, start : start + count]
            self._sum[:, start - count : start - count + moved.shape[1]] = moved
        self._sum[:, -count:] = 0
        self._k += count


def _product(axes: list[NDArray[np.float32]], like: Tensor) -> Tensor:
    """The product (k, j, i) of weights along each axis, on the device of a tensor."""
    import torch

    k, j, i = (torch.from_numpy(axis).to(like.device) for axis in axes)
    return k[:, None, None] * (j[:, None] * i)


def _gaussian(edge: int) -> NDArray[np.float32]:
    distance = (np.arange(edge) - (edge - 1) / 2) / (edge * SIGMA)
    return np.maximum(np.exp(-0.5 * distance**2), 1e-3).astype(np.float32)


def _coverage(starts: tuple[int, ...], window: NDArray[np.float32]) -> NDArray[np.float32]:
    cover = np.zeros(starts[-1] - starts[0] + len(window), np.float32)
    for start in starts:
        cover[start - starts[0] : start - starts[0] + len(window)] += window
    return cover
