"""What networks of transformers have in common here: their backbone, made fit for slices (torch)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from .backbones import NORMS
from .offline_transformers import offline_transformers

LEAST_EDGE = 64
"""Smaller slices are padded: the norms need more than one place at the coarsest stride, 32."""


class FastBody(nn.Module):
    """The backbone, which alone may run in bfloat16; what comes after it is given float32."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.fast = False

    def forward(self, images: Tensor) -> Any:
        """transformers' BackboneOutput, whose `feature_maps` are by stride, finest first."""
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.fast):
            levels = self.net(images).feature_maps
        output = offline_transformers().modeling_outputs.BackboneOutput
        return output(feature_maps=tuple(level.float() for level in levels))


def put_norm(net: nn.Module, norm: str) -> None:
    """Another norm in place of BatchNorm, which needs batches that are larger than ours."""
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, NORMS[norm](child.num_features))


def at_least(images: Tensor, edge: int = LEAST_EDGE) -> Tensor:
    """Images (n, c, j, i) that are padded at the lower right where they are smaller."""
    j, i = (max(edge - length, 0) for length in images.shape[2:])
    return pad(images, (0, i, 0, j))
