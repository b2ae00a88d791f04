"""Losses of segmentation networks (torch; only imported while a training runs).

Logits are (batch, 1 + classes, k, j, i) or, in 2D, (batch, 1 + classes, j, i); targets the same without
channels, 0 or the channel of the class; annotated is (batch, 1 + classes), whether each channel was looked
for (background always was). The probability of a class that was not annotated counts as background, as its
voxels do in the target (marginal loss, arXiv 2007.03868).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SMOOTH = 1.0
GAP_WIDTH = 5.0


def merged_log_probabilities(logits: Tensor, annotated: Tensor) -> Tensor:
    """Log probabilities in which classes that were not annotated are moved into background."""
    logp = torch.log_softmax(logits.float(), dim=1)
    return torch.stack([_merged(row, known) for row, known in zip(logp, annotated, strict=True)])


def marginal_dice_ce(
    logits: Tensor,
    target: Tensor,
    annotated: Tensor,
    focal: float = 0.0,
    weights: Tensor | None = None,
) -> Tensor:
    """Mean of cross entropy and Dice loss over what was annotated.

    focal: above 0 the cross entropy of each voxel is weighted by (1 - its probability) ** focal, so that
    hard voxels count more (arXiv 1708.02002). weights: how much each voxel of the target counts there.
    """
    logp = merged_log_probabilities(logits, annotated)
    missed = torch.nn.functional.nll_loss(logp, target, reduction="none")
    if focal:
        missed = missed * (1 - torch.exp(-missed)) ** focal
    if weights is not None:
        missed = missed * weights
    return missed.mean() + _dice_loss(logp.exp(), target, annotated)


def boundary_loss(logits: Tensor, target: Tensor, annotated: Tensor) -> Tensor:
    """Mean distance, in voxels, of what is proposed from the border of each annotated class.

    Negative inside the class (arXiv 1812.07032, by MONAI). A class that an image does not show adds nothing.
    """
    from monai.losses import BoundaryLoss

    probability = merged_log_probabilities(logits, annotated).exp()
    probability = probability * _over_space(annotated, target).to(probability.dtype)
    judge = BoundaryLoss(include_background=False)
    return torch.as_tensor(judge(probability, _one_hot(target, probability)))


def edge_loss(logits: Tensor, target: Tensor, annotated: Tensor) -> Tensor:
    """Cross entropy and Dice loss of one channel (batch, ...) that is to show the borders between classes.

    In background that may hold a class that was not annotated nobody knows whether there is a border.
    """
    edges = borders(target)
    sure = (edges | (target > 0) | _over_space(annotated.all(dim=1), target)).to(torch.float32)
    wanted, chance = edges.to(torch.float32), logits.float()
    missed = torch.nn.functional.binary_cross_entropy_with_logits(chance, wanted, reduction="none")
    shown = chance.sigmoid() * sure
    overlap = 2 * (shown * wanted).sum() + SMOOTH
    cross_entropy = (missed * sure).sum() / sure.sum().clamp(min=1.0)
    return cross_entropy + 1 - overlap / (shown.sum() + wanted.sum() + SMOOTH)


def borders(target: Tensor) -> Tensor:
    """Voxels that have a voxel of another class among their neighbours (diagonal ones too)."""
    pool = torch.nn.functional.max_pool3d if target.ndim == 4 else torch.nn.functional.max_pool2d
    labels = target.float()[:, None]
    return (pool(labels, 3, 1, 1) != -pool(-labels, 3, 1, 1))[:, 0]


def gap_weights(target: Tensor, most: float) -> Tensor:
    """1, and in gaps between two objects up to 1 + `most`, so that these are kept apart (arXiv 1505.04597).

    An object is a connected part of one class. The weight falls with the sum of the distances to the two
    nearest, by a Gaussian of GAP_WIDTH voxels.
    """
    weights = [1 + most * _gaps(labels) for labels in target.cpu().numpy()]
    return torch.from_numpy(np.array(weights, np.float32)).to(target.device)


def _gaps(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """1 where two objects of an image touch, falling to 0 away from either; 0 inside objects."""
    from scipy import ndimage

    nearest = np.full((2, *labels.shape), np.inf, np.float32)
    for channel in np.unique(labels[labels > 0]):
        objects, count = ndimage.label(labels == channel, np.ones((3,) * labels.ndim))
        for number in range(1, count + 1):
            distance = ndimage.distance_transform_edt(objects != number)
            nearest[1] = np.minimum(nearest[1], np.maximum(nearest[0], distance))
            nearest[0] = np.minimum(nearest[0], distance)
    return np.where(labels == 0, np.exp(-(nearest.sum(axis=0) ** 2) / (2 * GAP_WIDTH**2)), 0)


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
    truth = _one_hot(target, probability)
    known = annotated.to(probability.dtype)
    space = tuple(range(2, target.ndim + 1))
    overlap = ((probability * truth).sum(space) * known).sum(0)[1:]
    size = ((probability.sum(space) + truth.sum(space)) * known).sum(0)[1:]
    shown = truth.sum(space).sum(0)[1:] > 0
    dice = (2 * overlap + SMOOTH) / (size + SMOOTH)
    return 1 - dice[shown].mean() if shown.any() else dice.sum() * 0


def _one_hot(target: Tensor, like: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(target, like.shape[1]).movedim(-1, 1).to(like.dtype)


def _over_space(annotated: Tensor, target: Tensor) -> Tensor:
    return annotated.reshape(*annotated.shape, *[1] * (target.ndim - 1))
