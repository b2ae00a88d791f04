"""TilePlan: which tiles of an image a network is given, and how large they may be on a device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medseg_app.core.box import Index

from .device import free_memory

LEGAL_STEP = 32
"""Tile edges are multiples of this, which suits every network of the allowlist."""
OVERLAP = 0.25
ONE_PASS = 1.5**3
"""An image of so many patches is done in one pass: with a tile half as long again a network still agrees."""
BYTES_PER_VOXEL = 1024
"""What a usual network (32 channels at full resolution) takes on a card for a voxel of a tile, a little less.

The other half of the memory is left to sums and results. A wrong guess costs a try: see tile_memory.py.
"""


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


def legal_edge(count: int) -> int:
    """The smallest edge of a tile that holds so many voxels."""
    return -(-count // LEGAL_STEP) * LEGAL_STEP


def tile_starts(count: int, edge: int, overlap: float = OVERLAP) -> tuple[int, ...]:
    """Where tiles of an edge begin that cover an axis of so many voxels."""
    if edge >= count:
        return (-((edge - count) // 2),)
    steps = int(np.ceil((count - edge) / (edge * (1 - overlap))))
    return tuple(int(start) for start in np.rint(np.linspace(0, count - edge, steps + 1)))
