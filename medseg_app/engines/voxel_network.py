"""VoxelNetwork: the network of a voxelwise model, computed by what is fastest on the device."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, cast

from .backend import Arithmetic, is_close
from .contract import Precision
from .device import inference
from .loaded_network import LoadedNetwork
from .model_folder import ModelFolder
from .openvino_backend import openvino_run, tiles_at_once
from .precision import arithmetic_of
from .preprocess import Preprocessing
from .slice_tiles import SliceTiles, middle
from .tile_plan import LEGAL_STEP
from .tile_run import Run, run_slices, run_volumes

if TYPE_CHECKING:
    from torch import Tensor, nn

Compile = Callable[..., Run | None]
"""As openvino_run: what computes a network on the processor; None where it cannot."""


class VoxelNetwork:
    """Reads the weights on first use: OpenVINO computes on the processor where it can, torch elsewhere.

    OpenVINO is left aside where the card says that it does not come close to torch.
    """

    def __init__(self, folder: ModelFolder, compiler: Compile | None = None) -> None:
        self._folder, self._compiler = folder, compiler or openvino_run
        self._network = LoadedNetwork(folder)
        self._compiled: dict[Arithmetic, Run | None] = {}

    @cached_property
    def slice_tiles(self) -> SliceTiles | None:
        """How a network that takes slices meets a volume; None for one that takes volumes."""
        return SliceTiles.of(self._folder.card.network, self._preprocessing)

    @cached_property
    def _preprocessing(self) -> Preprocessing:
        return Preprocessing.from_json(self._folder.card.preprocessing)

    def on(self, device: str, precision: Precision) -> Run:
        """Gives logits (n, k, j, i) for the channels (c, k, j, i) of a tile, both on the device.

        Edges of tiles are multiples of 32.
        A tile for a network that takes slices has its margin and neighbours (see SliceTiles.read).
        Raises ModelError where folder and card do not fit.
        """
        network = self._network.on(device)
        run = self._compiled_on(device, network, precision)
        return self._within_margin(run or self._by_torch(network, device, precision))

    def at_once(self, device: str, precision: Precision) -> int:
        """How many tiles are best computed at the same time; torch itself shares each among all threads."""
        if self.is_by_torch(device, precision):
            return 1
        return tiles_at_once(arithmetic_of(self._folder.card, device, precision))

    def is_by_torch(self, device: str, precision: Precision) -> bool:
        """Whether torch itself computes the network there. Raises as `on` does."""
        return self._compiled_on(device, self._network.on(device), precision) is None

    def _compiled_on(self, device: str, network: nn.Module, precision: Precision) -> Run | None:
        card = self._folder.card
        arithmetic = arithmetic_of(card, device, precision)
        if device != "cpu" or not is_close(card.backends, device, arithmetic):
            return None
        if arithmetic not in self._compiled:
            self._compiled[arithmetic] = self._compile(network, arithmetic)
        return self._compiled[arithmetic]

    def _compile(self, network: nn.Module, arithmetic: Arithmetic) -> Run | None:
        card, tiles = self._folder.card, self.slice_tiles
        name = f"{card.sha256} {card.network}"
        if arithmetic == "int8":
            from .eight_bits import SCHEME, in_eight_bits

            network, name = in_eight_bits(network, card.eight_bits), f"{name} {SCHEME} {card.eight_bits}"
        edge = None if tiles is None else LEGAL_STEP + 2 * tiles.margin
        channels = self._preprocessing.in_channels
        return self._compiler(network, channels, arithmetic, name, card.grid.tile, edge)

    def _by_torch(self, network: nn.Module, device: str, precision: Precision) -> Run:
        def compute(batch: Tensor) -> Tensor:
            with inference(device, precision):
                # Answers of "fast" are summed in float32.
                return cast("Tensor", network(batch).float())

        return run_volumes(compute) if self.slice_tiles is None else run_slices(compute)

    def _within_margin(self, run: Run) -> Run:
        """The answer without what lies in the margin, of which a network may answer a part."""
        if self.slice_tiles is None or not self.slice_tiles.margin:
            return run
        beyond = 2 * self.slice_tiles.margin
        return lambda tile: middle(run(tile), [edge - beyond for edge in tile.shape[2:]])
