"""SliceTiles: how a voxelwise network that takes slices, with or without neighbours, meets a volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box, Index

from .model_card import Network
from .preprocess import Preprocessing, with_neighbours
from .sliding_window import mirrored
from .tile_channels import MakeChannels
from .tile_plan import LEGAL_STEP, TilePlan, TileSize, legal_edge, tile_starts

if TYPE_CHECKING:
    from torch import Tensor

MARGINS = {"UNet2015": 94}
"""Networks that answer less than they see: pixels on each side of a tile that they see beyond it.

UNet2015 loses 92; two more make edges that are multiples of 32 legal for it (see its LEAST_EDGE).
"""


Values = TypeVar("Values")


def middle(values: Values, shape: Sequence[int]) -> Values:
    """The middle of an array or tensor; the shape is that of its last axes."""
    cut = []
    for have, want in zip(values.shape[-len(shape) :], shape, strict=True):  # type: ignore[attr-defined]
        first = (have - want) // 2
        cut.append(slice(first, first + want))
    return values[(..., *cut)]  # type: ignore[index]


def takes_slices(network: Network) -> bool:
    """Whether a voxelwise network is one for slices (j, i), not for volumes."""
    return network.name in MARGINS or network.arguments.get("spatial_dims") == 2


@dataclass(frozen=True)
class SliceTiles:
    """Stacks of slices; each slice is computed by itself.

    neighbours: slices on each side that are seen as further channels. margin: pixels on each side of a tile
    that are seen and not answered.
    """

    neighbours: int
    margin: int

    @classmethod
    def of(cls, network: Network, preprocessing: Preprocessing) -> SliceTiles | None:
        """What a network for slices needs; None for one for volumes."""
        if not takes_slices(network):
            return None
        return cls(preprocessing.neighbours, MARGINS.get(network.name, 0))

    def plan(self, shape: Index, size: TileSize) -> TilePlan:
        """Whole slices, as many at a time as a tile for volumes has voxels; larger ones in tiles."""
        most = size.edge**3
        largest = int(np.sqrt(most)) // LEGAL_STEP * LEGAL_STEP
        j, i = (legal_edge(count) for count in shape[1:])
        if j * i > most:
            j, i = min(j, largest), min(i, largest)
        stacks = -(-shape[0] // max(most // (j * i), 1))
        depth = -(-shape[0] // stacks)
        starts = tuple(range(0, shape[0], depth)), tile_starts(shape[1], j), tile_starts(shape[2], i)
        return TilePlan(shape, (depth, j, i), starts)

    def read(self, image: NDArray[Any], box: Box, channels: MakeChannels) -> Tensor:
        """The channels (c * (2 neighbours + 1), k, j, i) of a tile with its margin.

        channels: makes them of a block of voxels. At its sides the image (k, j, i) is mirrored; beyond its
        ends the last slice is repeated.
        """
        (k, j, i), margin = box.start, self.margin
        wanted = np.arange(k - self.neighbours, box.stop[0] + self.neighbours).clip(0, len(image) - 1)
        seen = Box(
            (int(wanted[0]), j - margin, i - margin),
            (int(wanted[-1]) + 1, box.stop[1] + margin, box.stop[2] + margin),
        )
        block = channels(mirrored(image, seen))
        return with_neighbours(block[:, wanted - wanted[0]], self.neighbours)
