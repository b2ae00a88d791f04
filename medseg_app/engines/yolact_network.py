"""Yolact: single-shot instance masks for grey slices, written anew on torchvision's parts.

Prototype masks of the whole slice are summed with coefficients that each anchor predicts beside its class
and box; a finding's mask is that sum inside its box (Bolya et al., arXiv 1904.02689). Unlike there the
prototypes come from the finest stride of the pyramid, as findings in slices are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.rpn import permute_and_flatten
from torchvision.ops import box_iou, clip_boxes_to_image

from .slice_pyramid import AsTheyAre, SlicePyramid

RATIOS = (0.5, 1.0, 2.0)
BOXES = BoxCoder((10.0, 10.0, 5.0, 5.0))
"""Offsets from anchor to box with the variances 0.1 and 0.2 of single-shot detectors."""
LEAST_SCORE, MOST_OVERLAP, MOST_ANCHORS, MOST_FINDINGS = 0.02, 0.5, 200, 10


@dataclass(frozen=True, eq=False)
class YolactOutput:
    """What the network says about n slices, before anything is left out.

    anchors: (a, 4) per slice. classes: logits (n, a, c), background first. boxes: offsets (n, a, 4).
    coefficients: (n, a, p). prototypes: (n, p, j/2, i/2). semantic: logits (n, c - 1, j/4, i/4).
    """

    anchors: list[Tensor]
    classes: Tensor
    boxes: Tensor
    coefficients: Tensor
    prototypes: Tensor
    semantic: Tensor


class Yolact(nn.Module):
    """Single-shot network for images (in_channels, j, i) with values about -1..1.

    num_classes counts the background. anchor_sizes: edge in pixels for strides 4, 8, 16, 32 and 64.
    Answers YolactOutput in training, and what torchvision's detectors answer in use.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        anchor_sizes: Sequence[int] = (8, 16, 32, 64, 128),
        width: int = 96,
        prototypes: int = 16,
        stages: int = 4,
    ) -> None:
        super().__init__()
        self.pyramid = SlicePyramid(in_channels, width, stages)
        self.anchors = AnchorGenerator(tuple((size,) for size in anchor_sizes), (RATIOS,) * len(anchor_sizes))
        self.head = _Head(width, num_classes, prototypes)
        self.protonet = _protonet(width, prototypes)
        self.semantic = nn.Conv2d(width, num_classes - 1, 1)
        self._transform = AsTheyAre(1, 1, [0.0], [1.0])

    def forward(self, images: list[Tensor]) -> YolactOutput | list[dict[str, Tensor]]:
        """Everything the losses need, or the findings of each image."""
        batch, _ = self._transform(images)
        levels = list(self.pyramid(batch.tensors).values())
        classes, boxes, coefficients = self.head(levels)
        output = YolactOutput(
            self.anchors(batch, levels),
            classes,
            boxes,
            coefficients,
            self.protonet(levels[0]).float(),
            self.semantic(levels[0]).float(),
        )
        if self.training:
            return output
        return [self._findings(output, n, size) for n, size in enumerate(batch.image_sizes)]

    def _findings(self, output: YolactOutput, n: int, size: tuple[int, int]) -> dict[str, Tensor]:
        scores = output.classes[n].softmax(dim=1)[:, 1:]
        boxes = BOXES.decode_single(output.boxes[n], output.anchors[n])
        boxes = clip_boxes_to_image(boxes, size)
        anchor, label, score = _fast_nms(boxes, scores)
        masks = torch.einsum("np,pji->nji", output.coefficients[n, anchor], output.prototypes[n]).sigmoid()
        return {
            "boxes": boxes[anchor],
            "labels": label + 1,
            "scores": score,
            "masks": _in_boxes(_full_size(masks, size), boxes[anchor])[:, None],
        }


class _Head(nn.Module):
    """One head for all strides: class, box and coefficients of every anchor."""

    def __init__(self, width: int, num_classes: int, prototypes: int) -> None:
        super().__init__()
        self.shared = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True))
        self.classes = nn.Conv2d(width, len(RATIOS) * num_classes, 3, padding=1)
        self.boxes = nn.Conv2d(width, len(RATIOS) * 4, 3, padding=1)
        self.coefficients = nn.Conv2d(width, len(RATIOS) * prototypes, 3, padding=1)

    def forward(self, levels: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        shared = [self.shared(level) for level in levels]
        classes = _per_anchor([self.classes(level) for level in shared])
        boxes = _per_anchor([self.boxes(level) for level in shared])
        return classes, boxes, _per_anchor([self.coefficients(level) for level in shared]).tanh()


def _protonet(width: int, prototypes: int) -> nn.Sequential:
    def block() -> list[nn.Module]:
        return [nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True)]

    up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    last = nn.Conv2d(width, prototypes, 1)
    return nn.Sequential(*block(), *block(), *block(), up, *block(), last, nn.ReLU(inplace=True))


def _per_anchor(levels: list[Tensor]) -> Tensor:
    """(n, anchors of all strides, values), in the order of AnchorGenerator."""
    flat = []
    for level in levels:
        n, channels, j, i = level.shape
        flat.append(permute_and_flatten(level, n, len(RATIOS), channels // len(RATIOS), j, i))
    return torch.cat(flat, dim=1).float()


def _fast_nms(boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Anchor, class and score of the best findings; a suppressed box still suppresses others.

    boxes: (a, 4). scores: (a, classes).
    """
    kept = []
    for label in range(scores.shape[1]):
        score, anchor = scores[:, label].topk(min(MOST_ANCHORS, len(scores)))
        overlap = box_iou(boxes[anchor], boxes[anchor]).triu(diagonal=1).amax(dim=0)
        keep = (overlap <= MOST_OVERLAP) & (score > LEAST_SCORE)
        kept.append((anchor[keep], torch.full_like(anchor[keep], label), score[keep]))
    anchors, labels, best = (torch.cat(column) for column in zip(*kept, strict=True))
    first = best.argsort(descending=True, stable=True)[:MOST_FINDINGS]
    return anchors[first], labels[first], best[first]


def _full_size(masks: Tensor, size: tuple[int, int]) -> Tensor:
    """Masks (n, j/2, i/2) of the padded slice at the size of the image."""
    if len(masks) == 0:
        return masks.new_zeros((0, *size))
    padded = [2 * n for n in masks.shape[1:]]
    grown = interpolate(masks[:, None], padded, mode="bilinear", align_corners=False)[:, 0]
    return grown[:, : size[0], : size[1]]


def _in_boxes(masks: Tensor, boxes: Tensor) -> Tensor:
    """Masks (n, j, i), 0 outside their boxes."""
    rows = torch.arange(masks.shape[1], device=masks.device) + 0.5
    columns = torch.arange(masks.shape[2], device=masks.device) + 0.5
    x0, y0, x1, y1 = boxes.unbind(dim=1)
    in_rows = (rows >= y0[:, None]) & (rows <= y1[:, None])
    in_columns = (columns >= x0[:, None]) & (columns <= x1[:, None])
    return masks * (in_rows[:, :, None] & in_columns[:, None, :])
