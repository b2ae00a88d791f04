"""The channels of tiles, made on the device of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .preprocess import ChannelMaker

if TYPE_CHECKING:
    from torch import Tensor

MakeChannels = Callable[[NDArray[Any]], "Tensor"]
"""A block of voxels (k, j, i) -> its channels (c, k, j, i), float32."""


def channels_on(device: str, maker: ChannelMaker) -> MakeChannels:
    """Makes channels there: voxels travel as they are, and a card works on while the next are read."""
    import torch

    def make(block: NDArray[Any]) -> Tensor:
        voxels = torch.from_numpy(np.array(block, order="C"))
        if device.startswith("cuda"):
            voxels = voxels.pin_memory()
        return maker.tensor(voxels.to(device, non_blocking=True))

    return make
