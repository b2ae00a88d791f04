"""A network whose convolutions are computed in integers of eight bits: "fast" on processors with AVX2.

Weights are rounded by output channel and symmetrically, inputs within ranges that were measured on images
(training/input_ranges.py). Scheme: Jacob et al., Quantization and training of neural networks for efficient
integer-arithmetic-only inference, CVPR 2018; that channels of an input are brought to one range, and the
weights take it back: Nagel et al., Data-free quantization through weight equalization, ICCV 2019.
OpenVINO computes in integers what the network only says.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils import parametrize

from medseg_app.core.errors import ModelError

from .model_card import InputRange

SCHEME = 2
"""Counts how weights are rounded: converted networks are kept, and known by it too."""
STEPS = 255
"""Between the least and the most that eight bits tell apart."""
MOST_WEIGHT = 127
LEAST_SCALE = 1e-12
"""Of weights that are all zero."""


def in_eight_bits(network: nn.Module, ranges: Mapping[str, InputRange]) -> nn.Module:
    """A copy that rounds inputs and weights of the convolutions that are named.

    Raises ModelError where the network has no such convolution.
    """
    rounded = copy.deepcopy(network).cpu()
    known = convolutions(rounded)
    for name, inputs in ranges.items():
        convolution = known.get(name)
        if convolution is None or convolution.in_channels != len(inputs.most) or convolution.groups > 1:
            raise ModelError(
                f"The card limits the input of {name}, which is no such convolution of its network.",
                "Ask for a model whose card fits its network.",
            )
        most = torch.tensor(inputs.most, dtype=torch.float32).reshape(
            -1, *[1] * (convolution.weight.ndim - 2)
        )
        convolution.register_forward_pre_hook(_RoundedInput(most, inputs.least))
        parametrize.register_parametrization(convolution, "weight", _RoundedWeights(convolution, most))
    return rounded


def convolutions(network: nn.Module) -> dict[str, _ConvNd]:
    """The convolutions of a network, transposed ones too, by their names in it."""
    return {name: part for name, part in network.named_modules() if isinstance(part, _ConvNd)}


def rounded_shares(values: Tensor, least: float) -> Tensor:
    """Values between least and 1 as eight bits keep them, others as the nearest of both.

    Zero stays zero, so that the padding of a convolution does, too.
    """
    scale = (1 - least) / STEPS
    return torch.fake_quantize_per_tensor_affine(values, scale, round(-least / scale), 0, STEPS)


class _RoundedInput:
    """A hook before a convolution: its input (b, c, ...) as shares of the most of each channel."""

    def __init__(self, most: Tensor, least: float) -> None:
        self._shares, self._least = 1 / most, least

    def __call__(self, _: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return rounded_shares(given[0] * self._shares, self._least), *given[1:]


class _RoundedWeights(nn.Module):
    """What stands between the weights of a convolution and their use; takes the shares of inputs back."""

    def __init__(self, convolution: _ConvNd, most: Tensor) -> None:
        super().__init__()
        weight = convolution.weight.detach()
        self._axis = 1 if convolution.transposed else 0
        self._most = most[:, None] if convolution.transposed else most
        largest = _largest(weight * self._most, convolution.transposed)
        self._scale = (largest / MOST_WEIGHT).clamp_min(LEAST_SCALE)
        self._zero = torch.zeros(len(self._scale), dtype=torch.int32)

    def forward(self, weight: Tensor) -> Tensor:
        return torch.fake_quantize_per_channel_affine(
            weight * self._most, self._scale, self._zero, self._axis, -MOST_WEIGHT, MOST_WEIGHT
        )


def _largest(weight: Tensor, transposed: bool) -> Tensor:
    """What `MOST_WEIGHT` stands for, by output channel.

    Processors without VNNI add the products of two neighbouring channels of the input in sixteen bits, where
    255 times what both weigh must find room: so the sum of both counts, of those of one sign.
    """
    by_output = (weight.transpose(0, 1) if transposed else weight).flatten(2)
    pairs = nn.functional.pad(by_output, (0, 0, 0, by_output.shape[1] % 2)).unflatten(1, (-1, 2))
    sums = torch.maximum(pairs.clamp_min(0).sum(2), pairs.clamp_max(0).sum(2).neg())
    return sums.amax((1, 2))
