"""voxel_loss: what a recipe asks of a voxelwise network, at every depth that is judged (torch)."""

from __future__ import annotations

import torch
from torch import Tensor

from .losses import boundary_loss, edge_loss, gap_weights, marginal_dice_ce
from .recipe import Loss

BOUNDARY_FROM = 2 / 3
"""Share of the training after which the boundary loss sets in: distances mean nothing before."""


def voxel_loss(wanted: Loss, output: Tensor, target: Tensor, annotated: Tensor, share: float = 1.0) -> Tensor:
    """The loss of the output of a network with the auxiliary heads of `wanted` (see auxiliary_heads.py).

    output: (batch, channels, ...), with `deep` (batch, 1 + deep, channels, ...) from fine to coarse. share:
    how much of the training is done (0..1).
    """
    levels = list(torch.unbind(output, dim=1)) if wanted.deep else [output]
    weights = [0.5**depth for depth in range(len(levels))]
    losses = [
        weight * _at_one_level(wanted, level, target, annotated, share)
        for weight, level in zip(weights, levels, strict=True)
    ]
    return torch.stack(losses).sum() / sum(weights)


def _at_one_level(wanted: Loss, output: Tensor, target: Tensor, annotated: Tensor, share: float) -> Tensor:
    logits = output[:, :-1] if wanted.edges else output
    weights = gap_weights(target, wanted.gaps) if wanted.gaps else None
    loss = marginal_dice_ce(logits, target, annotated, wanted.focal, weights)
    if wanted.edges:
        loss = loss + wanted.edges * edge_loss(output[:, -1], target, annotated)
    if wanted.boundary and share > BOUNDARY_FROM:
        rising = (share - BOUNDARY_FROM) / (1 - BOUNDARY_FROM)
        loss = loss + wanted.boundary * rising * boundary_loss(logits, target, annotated)
    return loss
