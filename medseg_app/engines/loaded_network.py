"""LoadedNetwork: the network of a model folder with its weights, kept on the device of the last run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medseg_app.core.errors import ModelError

from .model_card import ModelCard
from .model_folder import ModelFolder
from .networks import build_network
from .preprocess import Preprocessing
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
            require_own_network(self._folder.card)
            network = build_network(self._folder.card.network)
            load_weights(network, self._folder)
            self._network = network.float().eval()
        return self._network.to(device)


def require_own_network(card: ModelCard) -> None:
    """Raises ModelError where the arguments of the network say other channels or classes than the card."""
    arguments = card.network.arguments
    channels, classes = Preprocessing.from_json(card.preprocessing).in_channels, len(card.labels) + 1
    for key, wanted, what in (
        ("in_channels", channels, "channels"),
        ("out_channels", classes, "classes with background"),
        ("num_classes", classes, "classes with background"),
    ):
        if arguments.get(key, wanted) != wanted:
            raise ModelError(
                f"The network of {card.name} has {arguments[key]} {what}, and its card {wanted}.",
                "Ask for a model whose card fits its network.",
            )
