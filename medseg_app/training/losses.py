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
    """1 - mean Dice of the classes that the batch shows, over the images in which each was annotated.

    A class that the batch does not show is left to the cross entropy: its Dice loss would be the same for
    any proposal of more than a few voxels and would silence rare classes before they are learnt.
    """
    channels = probability.shape[1]
    truth = torch.nn.functional.one_hot(target, channels).movedim(-1, 1).to(probability.dtype)
    known = annotated.to(probability.dtype)
    space = tuple(range(2, target.ndim + 1))
    overlap = ((probability * truth).sum(space) * known).sum(0)[1:]
    size = ((probability.sum(space) + truth.sum(space)) * known).sum(0)[1:]
    shown = truth.sum(space).sum(0)[1:] > 0
    dice = (2 * overlap + SMOOTH) / (size + SMOOTH)
    return 1 - dice[shown].mean() if shown.any() else dice.sum() * 0
