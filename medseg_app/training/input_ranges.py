"""What of the inputs of its convolutions a network has to tell apart, measured on images it learnt from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from medseg_app.core.progress import Progress, part, silent
from medseg_app.engines.contract import Request
from medseg_app.engines.device import fast_arithmetic
from medseg_app.engines.model_card import InputRange
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.predict import build_engine, run_engine
from medseg_app.engines.reference_engine import reference_engine
from medseg_app.engines.voxel_engine import VoxelEngine
from medseg_app.engines.voxel_network import VoxelNetwork

from .dataset import find_cases
from .few_images import few_images
from .recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

DRAWN = 4096
"""Values of each channel in a tile. The largest of them counts: a few beyond it are cut off, all others are
told apart more finely. With fewer, channels that answer to something rare were cut off too low."""
KEPT = 256
"""Of them, to find out how far below zero the range must reach."""
LEAST = (-0.02, -0.05, -0.1, -0.25, -0.5, -1.0)
"""Shares of the largest value below zero: a leaky ReLU lets little through, a sum of channels as much."""
SMALLEST = 1e-4
"""Of a channel that is zero everywhere."""
DIGITS = 4


def with_eight_bits(
    folder: ModelFolder, recipe: Recipe, device: str, progress: Progress = silent
) -> ModelFolder:
    """The folder with the ranges in its card, where "fast" is computed in eight bits on this computer.

    Unchanged elsewhere, and for models that OpenVINO does not compute.
    """
    engine = build_engine(folder)
    if fast_arithmetic(device) != "int8" or reference_engine(engine, folder) in (None, engine):
        return folder
    inputs = _Inputs()
    network = VoxelNetwork(folder, compiler=inputs.of)
    watched = VoxelEngine(folder.card, network, network.slice_tiles)
    images = few_images(find_cases(recipe).train, folder.card)
    for number, image in enumerate(images):
        share = part(progress, number / len(images), (number + 1) / len(images))
        run_engine(watched, image, Request("exact", modality=image.modality), device, share)
    return replace(folder, card=replace(folder.card, eight_bits=inputs.ranges()))


class _Inputs:
    """Values that went into each convolution, in the order in which they are computed."""

    def __init__(self) -> None:
        import torch

        self._drawn: dict[str, list[_Drawn]] = {}
        self._random = torch.Generator().manual_seed(0)

    def of(self, network: nn.Module, *_: Any) -> None:
        """Watch a network; None, so that torch computes it."""
        from medseg_app.engines.eight_bits import convolutions

        for name, convolution in convolutions(network).items():
            convolution.register_forward_pre_hook(lambda _, given, name=name: self._draw(name, given[0]))

    def _draw(self, name: str, image: Tensor) -> None:
        import torch

        values = image.detach().transpose(0, 1).flatten(1)
        values = values[:, torch.randint(0, values.shape[1], (DRAWN,), generator=self._random)]
        drawn = _Drawn(values.amin(1, keepdim=True), values.amax(1, keepdim=True), values[:, :KEPT].clone())
        self._drawn.setdefault(name, []).append(drawn)

    def ranges(self) -> dict[str, InputRange]:
        """Ranges by the name of a convolution.

        The first and the last one are left out: they are cheap, read the image and give the answer.
        """
        return {name: _best_range(self._drawn[name]) for name in list(self._drawn)[1:-1]}


@dataclass(frozen=True, eq=False)
class _Drawn:
    """From the input of a convolution in a tile: least and most (channels, 1), some values (channels, n)."""

    least: Tensor
    most: Tensor
    values: Tensor


def _best_range(drawn: list[_Drawn]) -> InputRange:
    """Within which eight bits keep values best, by squared error."""
    import torch

    values = torch.cat([one.values for one in drawn], 1)
    bottom = torch.cat([one.least for one in drawn], 1).amin(1, keepdim=True)
    top = torch.cat([one.most for one in drawn], 1).amax(1, keepdim=True).clamp_min(SMALLEST)
    pairs = [(least, torch.maximum(top, bottom / least)) for least in LEAST]
    least, most = min(pairs, key=lambda pair: _error(values, *pair))
    return InputRange(least, tuple(float(f"{one:.{DIGITS}g}") for one in most.flatten().tolist()))


def _error(values: Tensor, least: float, most: Tensor) -> float:
    """Squared error of what eight bits keep of values (channels, n)."""
    from medseg_app.engines.eight_bits import rounded_shares

    kept = rounded_shares(values / most, least) * most
    return float((kept - values).square().sum())
