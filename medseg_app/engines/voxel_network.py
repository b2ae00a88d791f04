"""VoxelNetwork: the network of a voxelwise model, computed by what is fastest on the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .contract import Precision
from .device import inference
from .loaded_network import LoadedNetwork
from .model_folder import ModelFolder
from .openvino_backend import Run, openvino_run
from .preprocess import Preprocessing

if TYPE_CHECKING:
    from torch import nn


class VoxelNetwork:
    """Reads the weights on first use: OpenVINO computes on the processor where it can, torch elsewhere."""

    def __init__(self, folder: ModelFolder) -> None:
        self._folder = folder
        self._network = LoadedNetwork(folder)
        self._compiled: dict[Precision, Run | None] = {}

    def on(self, device: str, precision: Precision) -> Run:
        """Gives logits (n, k, j, i) for the channels (c, k, j, i) of a tile; edges are multiples of 32.

        Raises ModelError where folder and card do not fit.
        """
        network = self._network.on(device)
        if device == "cpu":
            if precision not in self._compiled:
                card = self._folder.card
                channels = Preprocessing.from_json(card.preprocessing).in_channels
                name = f"{card.sha256} {card.network}"
                self._compiled[precision] = openvino_run(network, channels, precision, name, card.grid.tile)
            compiled = self._compiled[precision]
            if compiled is not None:
                return compiled
        return _by_torch(network, device, precision)


def _by_torch(network: nn.Module, device: str, precision: Precision) -> Run:
    import torch

    def run(tile: NDArray[np.float32]) -> NDArray[np.float32]:
        with inference(device, precision):
            logits = network(torch.from_numpy(tile)[None].to(device))
            return np.asarray(logits[0].float().cpu().numpy())

    return run
