"""What YOLACT learns from: class with hard negatives, box, mask inside the box, and class per pixel.

Weights and thresholds follow Bolya et al., arXiv 1904.02689.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    interpolate,
    smooth_l1_loss,
)
from torchvision.models.detection._utils import Matcher
from torchvision.ops import box_iou

from medseg_app.engines.yolact_network import BOXES, YolactOutput

BOX_WEIGHT, MASK_WEIGHT = 1.5, 6.125
NEGATIVES = 3
"""Hard negatives per positive anchor."""
LEAST_NEGATIVES = 16
"""Hard negatives per slice at least: slices without findings must teach silence."""
MOST_MASKS = 100
MATCHER = Matcher(0.5, 0.4, allow_low_quality_matches=True)

Target = dict[str, Tensor]


def yolact_loss(output: YolactOutput, targets: list[Target]) -> Tensor:
    """The sum of the four losses; targets as torchvision's detectors take them."""
    matches = [_matched(a, target["boxes"]) for a, target in zip(output.anchors, targets, strict=True)]
    found = max(sum(int((match >= 0).sum()) for match in matches), 1)
    total = _class_loss(output.classes, matches, targets) / found
    for n, (match, target) in enumerate(zip(matches, targets, strict=True)):
        anchors = torch.nonzero(match >= 0)[:, 0]
        if len(anchors):
            total = (
                total + BOX_WEIGHT * _box_loss(output, n, anchors, target["boxes"][match[anchors]]) / found
            )
            total = total + MASK_WEIGHT * _mask_loss(output, n, anchors, match[anchors], target) / found
    return total + _semantic_loss(output.semantic, targets)


def _matched(anchors: Tensor, boxes: Tensor) -> Tensor:
    """Per anchor the finding that it stands for, -1 for background, -2 for neither."""
    if len(boxes) == 0:
        return torch.full((len(anchors),), -1, dtype=torch.int64, device=anchors.device)
    return MATCHER(box_iou(boxes, anchors))


def _class_loss(classes: Tensor, matches: list[Tensor], targets: list[Target]) -> Tensor:
    """Cross entropy of all positive anchors and of the worst of the others."""
    total = classes.new_zeros(())
    for logits, match, target in zip(classes, matches, targets, strict=True):
        positive = match >= 0
        truth = torch.zeros_like(match)
        truth[positive] = target["labels"][match[positive]]
        loss = cross_entropy(logits, truth, reduction="none")
        hard = loss.masked_fill(match != -1, -1.0)
        count = min(max(NEGATIVES * int(positive.sum()), LEAST_NEGATIVES), int((match == -1).sum()))
        total = total + loss[positive].sum() + hard.topk(count).values.sum()
    return total


def _box_loss(output: YolactOutput, n: int, anchors: Tensor, boxes: Tensor) -> Tensor:
    wanted = BOXES.encode_single(boxes, output.anchors[n][anchors])
    return smooth_l1_loss(output.boxes[n, anchors], wanted, reduction="sum")


def _mask_loss(output: YolactOutput, n: int, anchors: Tensor, match: Tensor, target: Target) -> Tensor:
    """Binary cross entropy inside the true box, by the area of that box; large findings count no more."""
    if len(anchors) > MOST_MASKS:
        chosen = torch.randperm(len(anchors), device=anchors.device)[:MOST_MASKS]
        anchors, match = anchors[chosen], match[chosen]
    prototypes = output.prototypes[n]
    logits = torch.einsum("np,pji->nji", output.coefficients[n, anchors], prototypes)
    truth, inside = _at(prototypes.shape[1:], target)
    loss = binary_cross_entropy_with_logits(logits, truth[match], reduction="none") * inside[match]
    return (loss.sum(dim=(1, 2)) / inside[match].sum(dim=(1, 2)).clamp(min=1)).sum()


def _at(shape: torch.Size, target: Target) -> tuple[Tensor, Tensor]:
    """True masks and true boxes on the grid of the prototypes, half the pixels of the padded slice."""
    truth = _shrunk(target["masks"], shape, 2)
    rows, columns = (truth > 0).any(dim=2), (truth > 0).any(dim=1)
    return (truth >= 0.5).float(), (rows[:, :, None] & columns[:, None, :]).float()


def _semantic_loss(logits: Tensor, targets: list[Target]) -> Tensor:
    truth = torch.zeros_like(logits)
    for n, target in enumerate(targets):
        masks = _shrunk(target["masks"], logits.shape[2:], 4) >= 0.5
        for mask, label in zip(masks, target["labels"], strict=True):
            truth[n, label - 1].masked_fill_(mask, 1.0)
    return binary_cross_entropy_with_logits(logits, truth)


def _shrunk(masks: Tensor, shape: torch.Size, factor: int) -> Tensor:
    """Share of each pixel of a padded grid, `factor` times coarser, that masks (n, j, i) cover."""
    padded = torch.zeros((len(masks), factor * shape[0], factor * shape[1]), device=masks.device)
    padded[:, : masks.shape[1], : masks.shape[2]] = masks
    return interpolate(padded[:, None], shape, mode="area")[:, 0]
