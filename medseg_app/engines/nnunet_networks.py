"""The two networks of nnU-Net v2, PlainConvUNet and ResidualEncoderUNet, for inference (torch).

Written on torch's parts; what they share with the originals is their shape and the names of their
weights, so that trained weights fit. Deep supervision and dropout serve training only and are left out,
but the heads of the coarser levels keep their place, because trained weights hold them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor, nn

NORMS = {"instance": nn.InstanceNorm3d, "batch": nn.BatchNorm3d}
Three = Sequence[int]


@dataclass(frozen=True)
class Style:
    """What every convolution of a network has in common."""

    bias: bool
    norm: str
    norm_arguments: dict[str, Any]
    slope: float

    def normalization(self, features: int) -> nn.Module:
        """The normalization after a convolution."""
        return NORMS[self.norm](features, **self.norm_arguments)

    def nonlinearity(self) -> nn.Module:
        """Leaky ReLU; with a slope of 0 it is ReLU."""
        return nn.LeakyReLU(self.slope)


class Unit(nn.Module):
    """Convolution, normalization and, unless it is the last of a block, nonlinearity."""

    def __init__(
        self, width: tuple[int, int], kernel: Three, stride: Three, style: Style, *, last: bool = False
    ) -> None:
        super().__init__()
        padding = [(edge - 1) // 2 for edge in kernel]
        self.conv = nn.Conv3d(*width, tuple(kernel), tuple(stride), padding, bias=style.bias)
        self.norm = style.normalization(width[1])
        self.nonlin = nn.Identity() if last else style.nonlinearity()

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, k, j, i) -> the same with other channels, smaller by the stride."""
        return self.nonlin(self.norm(self.conv(x)))


class Units(nn.Module):
    """Several units; only the first one has a stride."""

    def __init__(
        self, count: int, width: tuple[int, int], kernel: Three, stride: Three, style: Style
    ) -> None:
        super().__init__()
        later = (Unit((width[1], width[1]), kernel, (1, 1, 1), style) for _ in range(count - 1))
        self.convs = nn.Sequential(Unit(width, kernel, stride, style), *later)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, k, j, i) -> the same with other channels, smaller by the stride."""
        return self.convs(x)


class ResidualBlock(nn.Module):
    """Two units and a way around them, which is averaged and projected where sizes differ (ResNet-D)."""

    def __init__(self, width: tuple[int, int], kernel: Three, stride: Three, style: Style) -> None:
        super().__init__()
        self.conv1 = Unit(width, kernel, stride, style)
        self.conv2 = Unit((width[1], width[1]), kernel, (1, 1, 1), style, last=True)
        self.nonlin2 = style.nonlinearity()
        around: list[nn.Module] = []
        if any(step != 1 for step in stride):
            around.append(nn.AvgPool3d(tuple(stride), tuple(stride)))
        if width[0] != width[1]:
            plain = Style(False, style.norm, style.norm_arguments, style.slope)
            around.append(Unit(width, (1, 1, 1), (1, 1, 1), plain, last=True))
        self.skip = nn.Sequential(*around)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, k, j, i) -> the same with other channels, smaller by the stride."""
        return self.nonlin2(self.conv2(self.conv1(x)) + self.skip(x))


class ResidualBlocks(nn.Module):
    """Several residual blocks; only the first one has a stride."""

    def __init__(
        self, count: int, width: tuple[int, int], kernel: Three, stride: Three, style: Style
    ) -> None:
        super().__init__()
        later = (ResidualBlock((width[1], width[1]), kernel, (1, 1, 1), style) for _ in range(count - 1))
        self.blocks = nn.Sequential(ResidualBlock(width, kernel, stride, style), *later)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, k, j, i) -> the same with other channels, smaller by the stride."""
        return self.blocks(x)


class Encoder(nn.Module):
    """Levels of falling resolution."""

    def __init__(self, stages: Sequence[nn.Module], stem: nn.Module | None) -> None:
        super().__init__()
        if stem is not None:
            self.stem = stem
        self.has_stem = stem is not None
        self.stages = nn.Sequential(*stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        """What every level sees, the finest first."""
        if self.has_stem:
            x = self.stem(x)
        seen = []
        for stage in self.stages:
            x = stage(x)
            seen.append(x)
        return seen


class Decoder(nn.Module):
    """Back to full resolution, level by level, the coarsest first."""

    def __init__(self, shape: Shape, counts: Sequence[int], classes: int, style: Style) -> None:
        super().__init__()
        ups, stages, heads = [], [], []
        levels = list(zip(shape.features, shape.kernels, shape.strides, strict=True))
        for (finer, coarser), count in zip(pairwise(reversed(levels)), counts, strict=True):
            (wide, _, stride), (features, kernel, _) = finer, coarser
            ups.append(nn.ConvTranspose3d(wide, features, tuple(stride), tuple(stride), bias=style.bias))
            stages.append(Units(count, (2 * features, features), kernel, (1, 1, 1), style))
            heads.append(nn.Conv3d(features, classes, 1))
        self.stages, self.transpconvs = nn.ModuleList(stages), nn.ModuleList(ups)
        self.seg_layers = nn.ModuleList(heads)

    def forward(self, seen: list[Tensor]) -> Tensor:
        """Logits (n, classes, k, j, i)."""
        x = seen[-1]
        for up, stage, skip in zip(self.transpconvs, self.stages, reversed(seen[:-1]), strict=True):
            x = stage(torch.cat((up(x), skip), 1))
        return self.seg_layers[-1](x)


@dataclass(frozen=True)
class Shape:
    """Features, kernel and stride of every level, the finest first."""

    features: Sequence[int]
    kernels: Sequence[Three]
    strides: Sequence[Three]


class NnUNet(nn.Module):
    """Encoder and decoder under the names that nnU-Net gives them."""

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, x: Tensor) -> Tensor:
        """Channels (n, c, k, j, i) -> logits (n, classes, k, j, i)."""
        return self.decoder(self.encoder(x))


def nnunet(
    kind: Literal["plain", "residual"],
    in_channels: int,
    out_channels: int,
    levels: dict[str, Any],
    style: dict[str, Any],
) -> NnUNet:
    """Build one of the two networks.

    levels: features, kernels, strides and counts (convolutions or blocks) of every level, the finest
    first, and decoder_counts, the coarsest first. style: bias, norm ("instance" or "batch"),
    norm_arguments and slope.
    """
    shape = Shape(levels["features"], levels["kernels"], levels["strides"])
    looks = Style(style["bias"], style["norm"], style["norm_arguments"], style["slope"])
    first = shape.features[0] if kind == "residual" else in_channels
    widths = list(pairwise([first, *shape.features]))
    stages: list[nn.Module] = []
    for count, width, kernel, stride in zip(
        levels["counts"], widths, shape.kernels, shape.strides, strict=True
    ):
        if kind == "residual":
            stages.append(ResidualBlocks(count, width, kernel, stride, looks))
        else:
            stages.append(nn.Sequential(Units(count, width, kernel, stride, looks)))
    stem = Units(1, (in_channels, first), shape.kernels[0], (1, 1, 1), looks) if kind == "residual" else None
    decoder = Decoder(shape, levels["decoder_counts"], out_channels, looks)
    return NnUNet(Encoder(stages, stem), decoder)
