"""What each engine that finds instances in slices learns from, by the engine's name (torch)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from medseg_app.core.errors import InputError

from .yolact_losses import yolact_loss

Target = dict[str, Tensor]
Loss = Callable[[nn.Module, list[Tensor], list[Target]], Tensor]
"""(network, images, targets as torchvision's detectors take them) -> what is to become small."""


def loss_of(engine: str) -> Loss:
    """The loss of an engine. Raises InputError where it does not learn to find instances in slices."""
    if engine not in LOSSES:
        known = ", ".join(LOSSES)
        raise InputError(
            f"The engine {engine} does not learn to find instances in slices.",
            f'Set the engine of the recipe to one of {known}, or its task to "semantic".',
        )
    return LOSSES[engine]


def _own_losses(network: nn.Module, images: list[Tensor], targets: list[Target]) -> Tensor:
    """The sum of the losses that the network itself gives in training."""
    losses: dict[str, Tensor] = network(images, targets)
    return torch.stack([loss.float() for loss in losses.values()]).sum()


def _yolact_loss(network: nn.Module, images: list[Tensor], targets: list[Target]) -> Tensor:
    return yolact_loss(network(images), targets)


LOSSES: dict[str, Loss] = {
    **dict.fromkeys(("mask_rcnn", "mask2former", "detr"), _own_losses),
    "yolact": _yolact_loss,
}
"""Name of the engine -> its loss."""
