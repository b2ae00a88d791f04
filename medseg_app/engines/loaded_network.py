"""LoadedNetwork: the network of a model folder with its weights, kept on the device of the last run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model_folder import ModelFolder
from .networks import build_network
from .weights import load_weights

if TYPE_CHECKING:
    from torch import nn


class LoadedNetwork:
    """Builds the network on first use and moves it where it is wanted."""

    def __init__(self, folder: ModelFolder) -> None:
        self._folder = folder
        self._network: nn.Module | None = None

    def on(self, device: str) -> nn.Module:
        """The network, ready for inference. Raises ModelError where folder and card do not fit."""
        if self._network is None:
            network = build_network(self._folder.card.network)
            load_weights(network, self._folder)
            self._network = network.float().eval()
        return self._network.to(device)
