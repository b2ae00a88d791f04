"""Sliding window: a network that sees tiles gives probabilities for a whole image, slab by slab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box, Index
from medseg_app.core.progress import Progress

from .device import free_memory

if TYPE_CHECKING:
    from torch import Tensor

LEGAL_STEP = 32
"""Tile edges are multiples of this, which suits every network of the allowlist."""
OVERLAP = 0.25
ONE_PASS = 1.5**3
"""An image of so many patches is done in one pass: with a tile half as long again a network still agrees."""
SIGMA = 0.125
"""Width of the Gaussian that blends neighbouring tiles, as a share of the tile's edge."""

BYTES_PER_VOXEL = 1024
"""What a usual network (32 channels at full resolution) takes on a card for a voxel of a tile, a little less.

The other half of the memory is left to sums and results. A wrong guess costs a try: see tile_memory.py.
"""

ComputeTile = Callable[[Box], "Tensor"]
"""A box of the image -> its probabilities (channels, k, j, i)."""


@dataclass(frozen=True)
class TileSize:
    """How large a tile may be: its edge, the voxels up to which an image is done in one pass, and at all."""

    edge: int
    single_pass: int
    most: int

    @classmethod
    def on(cls, device: str) -> TileSize:
        """Tiles whose single pass stays well under 5 s on this kind of device, and fits a card's memory."""
        if not device.startswith("cuda"):
            return cls(64, 96**3, 128**3)
        most = free_memory(device) // 2 // BYTES_PER_VOXEL
        fitting = int(most ** (1 / 3)) // LEGAL_STEP * LEGAL_STEP
        return cls(min(max(fitting, LEGAL_STEP), 128), min(most, 192**3), most)

    def halved(self) -> TileSize:
        """Tiles of half the edge, never smaller than networks take; nothing larger is done in one pass."""
        edge = max(self.edge // 2 // LEGAL_STEP * LEGAL_STEP, LEGAL_STEP)
        return TileSize(edge, edge**3, edge**3)


@dataclass(frozen=True)
class TilePlan:
    """Tiles of one size on an image; boxes may reach over its border, where images are mirrored."""

    shape: Index
    tile: Index
    starts: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return int(np.prod([len(axis) for axis in self.starts]))


def plan_tiles(shape: Index, size: TileSize, patch: Index | None = None) -> TilePlan:
    """One tile where the image is small enough, else overlapping tiles spread evenly.

    patch: what the network learned on. It normalises over what it sees, so much larger tiles change its
    answers: they are like that then, on every device whose memory holds them.
    """
    whole, usual, at_once = [legal_edge(n) for n in shape], (size.edge,) * 3, size.single_pass
    if patch is not None and np.prod(patch) <= size.most:
        usual, at_once = patch, min(size.most, int(ONE_PASS * np.prod(patch)))
    single = np.prod(whole) <= at_once
    k, j, i = (edge if single else min(edge, of_tile) for edge, of_tile in zip(whole, usual, strict=True))
    return plan_fixed_tiles(shape, (k, j, i))


def plan_fixed_tiles(shape: Index, tile: Index, overlap: float = OVERLAP) -> TilePlan:
    """Tiles of exactly this size, for networks that take no other; they overlap by at least this share."""
    k, j, i = (tile_starts(n, edge, overlap) for n, edge in zip(shape, tile, strict=True))
    return TilePlan(shape, tile, (k, j, i))


def slide(plan: TilePlan, compute: ComputeTile, progress: Progress) -> Iterator[Tensor]:
    """Probabilities (channels, slices, j, i) of the whole image, in slabs of slices in their order.

    They are blended on the device on which they are computed. A slab lasts until the next one is asked
    for: all share their memory. Progress is reported before every tile.
    """
    blend = _Blend(plan)
    done = 0
    for row, k in enumerate(plan.starts[0]):
        for j, i in product(*plan.starts[1:]):
            progress(done / plan.count, f"tile {done + 1} of {plan.count}")
            box = Box((k, j, i), (k + plan.tile[0], j + plan.tile[1], i + plan.tile[2]))
            blend.add(box, compute(box))
            done += 1
        following = plan.starts[0][row + 1 : row + 2]
        count = following[0] - k if following else plan.tile[0]
        yield blend.finished(count)
        blend.drop(count)
    progress(1.0)


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


def legal_edge(count: int) -> int:
    """The smallest edge of a tile that holds so many voxels."""
    return -(-count // LEGAL_STEP) * LEGAL_STEP


def tile_starts(count: int, edge: int, overlap: float = OVERLAP) -> tuple[int, ...]:
    """Where tiles of an edge begin that cover an axis of so many voxels."""
    if edge >= count:
        return (-((edge - count) // 2),)
    steps = int(np.ceil((count - edge) / (edge * (1 - overlap))))
    return tuple(int(start) for start in np.rint(np.linspace(0, count - edge, steps + 1)))


def _gaussian(edge: int) -> NDArray[np.float32]:
    distance = (np.arange(edge) - (edge - 1) / 2) / (edge * SIGMA)
    return np.maximum(np.exp(-0.5 * distance**2), 1e-3).astype(np.float32)


def _coverage(starts: tuple[int, ...], window: NDArray[np.float32]) -> NDArray[np.float32]:
    cover = np.zeros(starts[-1] - starts[0] + len(window), np.float32)
    for start in starts:
        cover[start - starts[0] : start - starts[0] + len(window)] += window
    return cover
