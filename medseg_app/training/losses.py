"""Losses of segmentation networks (torch; only imported while a training runs)."""

from __future__ import annotations

import torch
from torch import Tensor

SMOOTH = 1.0


def marginal_dice_ce(logits: Tensor, target: Tensor, annotated: Tensor) -> Tensor:
    """Mean of cross entropy and Dice loss over what was annotated (marginal loss, arXiv 2007.03868).

    logits: (batch, 1 + classes, k, j, i). target: (batch, k, j, i), 0 or the channel of the class.
    annotated: (batch, 1 + classes), whether each channel was looked for; background always was. The
    probability of a class that was not annotated counts as background, as its voxels do in the target.
    """
    logp = torch.log_softmax(logits.float(), dim=1)
    logp = torch.stack([_merged(row, known) for row, known in zip(logp, annotated, strict=True)])
    cross_entropy = torch.nn.functional.nll_loss(logp, target)
    return cross_entropy + _dice_loss(logp.exp(), target, annotated)


def _merged(logp: Tensor, known: Tensor) -> Tensor:
    """Log probabilities (1 + classes, ...) of one image with unknown classes moved into background."""
    background = torch.logsumexp(logp[~known | _first(known)], dim=0)
    return torch.cat([background[None], logp[1:]])


def _first(known: Tensor) -> Tensor:
    first = torch.zeros_like(known)
    first[0] = True
    return first


def _dice_loss(probability: Tensor, target: Tensor, annotated: Tensor) -> Tensor:
    """1 - Dice, over the annotated classes that occur in the target or are falsely proposed."""
    channels = probability.shape[1]
    truth = torch.nn.functional.one_hot(target, channels).movedim(-1, 1).to(probability.dtype)
    space = tuple(range(2, target.ndim + 1))
    overlap = (probability * truth).sum(space)[:, 1:]
    size = (probability.sum(space) + truth.sum(space))[:, 1:]
    dice = (2 * overlap + SMOOTH) / (size + SMOOTH)
    known = annotated[:, 1:].to(dice.dtype)
    return 1 - (dice * known).sum() / known.sum().clamp(min=1)
