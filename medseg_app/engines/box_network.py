"""BoxNetwork: a DETR or RT-DETR of transformers with a U-Net inside its boxes, which answers as detectors do.

Each query answers one class, or none, and one box; there are no anchors, and nothing is suppressed.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torchvision.ops import box_convert, clip_boxes_to_image

from .best_answers import best_answers
from .box_unet import BoxUNet
from .slice_pyramid import AsTheyAre
from .transformers_body import FastBody, at_least

LEAST_LENGTH = 1.0
"""Pixels of a box's shorter edge; a thinner one holds no finding."""


class BoxNetwork(nn.Module):
    """A network of queries for images (in_channels, j, i) with values about -1..1, of any size.

    exclusive: whether the classes of a query, "none" among them, share one chance, as in DETR; else each
    has its own, as in RT-DETR. In a batch images are padded at the lower right. Answers what torchvision's
    detectors answer in use, and the parts of its loss where it is given their targets.
    """

    def __init__(self, net: nn.Module, masks: BoxUNet, *, exclusive: bool) -> None:
        super().__init__()
        net.model.backbone.model = FastBody(net.model.backbone.model)
        self.net, self.masks = net, masks
        self._exclusive = exclusive
        self._transform = AsTheyAre(1, 1, [0.0], [1.0])

    def forward(
        self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """The losses, already weighted, where there are targets; else the findings of each image."""
        batch, _ = self._transform(images)
        padded = at_least(batch.tensors)
        j, i = padded.shape[2:]
        edges = torch.tensor([i, j, i, j], device=padded.device)
        shown = torch.zeros(len(padded), j, i, dtype=torch.long, device=padded.device)
        for row, size in zip(shown, batch.image_sizes, strict=True):
            row[: size[0], : size[1]] = 1
        self.net.model.backbone.model.fast = torch.is_autocast_enabled(padded.device.type)
        labels = None if targets is None else [_told(target, edges) for target in targets]
        # Places are computed with in the decoder, and the matching needs exact costs.
        with torch.autocast(padded.device.type, enabled=False):
            output = self.net(padded, pixel_mask=shown, labels=labels)
        if targets is not None:
            return {"boxes": output.loss, "masks": self.masks.loss(padded, targets)}
        chances = self._chances(output.logits)
        boxes = box_convert(output.pred_boxes, "cxcywh", "xyxy") * edges
        return [self._findings(image, chances[n], boxes[n]) for n, image in enumerate(images)]

    def _chances(self, logits: Tensor) -> Tensor:
        """Of each class (images, queries, classes)."""
        return logits.softmax(dim=2)[:, :, :-1] if self._exclusive else logits.sigmoid()

    def _findings(self, image: Tensor, chances: Tensor, boxes: Tensor) -> dict[str, Tensor]:
        """The best answers of one slice, best first. chances: (queries, classes). boxes: (queries, 4)."""
        boxes = clip_boxes_to_image(boxes, image.shape[1:])
        scores = chances * ((boxes[:, 2:] - boxes[:, :2]) >= LEAST_LENGTH).all(dim=1, keepdim=True)
        query, label, scores = best_answers(scores)
        return {
            "boxes": boxes[query],
            "labels": label + 1,
            "scores": scores,
            "masks": self.masks(image, boxes[query]),
        }


def _told(target: dict[str, Tensor], edges: Tensor) -> dict[str, Any]:
    """A target in transformers' terms: classes from 0, centres and lengths as shares of the padded slice."""
    boxes = box_convert(target["boxes"], "xyxy", "cxcywh") / edges
    return {"class_labels": target["labels"] - 1, "boxes": boxes}
