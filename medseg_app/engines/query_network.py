"""QueryNetwork: a Mask2Former or MaskFormer of transformers that takes and answers slices as detectors do.

Each query answers one class, or none, and one mask for the whole slice; there are no anchors and no boxes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad
from torchvision.ops import masks_to_boxes

from .best_answers import best_answers
from .slice_pyramid import AsTheyAre
from .transformers_body import FastBody, at_least


class QueryNetwork(nn.Module):
    """A network of queries for images (in_channels, j, i) with values about -1..1, of any size.

    In a batch images are padded at the lower right and answers are cropped. Answers what torchvision's
    detectors answer in use, and the parts of its loss where it is given their targets.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        net.model.pixel_level_module.encoder = FastBody(net.model.pixel_level_module.encoder)
        self.net = net
        self._transform = AsTheyAre(1, 1, [0.0], [1.0])

    def forward(
        self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """The losses, already weighted, where there are targets; else the findings of each image."""
        batch, _ = self._transform(images)
        padded = at_least(batch.tensors)
        kind = padded.device.type
        self.net.model.pixel_level_module.encoder.fast = torch.is_autocast_enabled(kind)
        # Places are computed with in the decoders, and the matching needs exact costs.
        with torch.autocast(kind, enabled=False):
            output = self.net(padded, output_auxiliary_logits=True)
            if targets is not None:
                return self._losses(output, targets, padded.shape[2:])
        logits = output.masks_queries_logits
        logits = interpolate(logits, padded.shape[2:], mode="bilinear", align_corners=False)
        chances = output.class_queries_logits.softmax(dim=2)[:, :, :-1]
        return [
            _findings(chances[n], logits[n, :, : size[0], : size[1]].sigmoid())
            for n, size in enumerate(batch.image_sizes)
        ]

    def _losses(self, output: Any, targets: list[dict[str, Tensor]], size: torch.Size) -> dict[str, Tensor]:
        return self.net.get_loss_dict(
            output.masks_queries_logits,
            output.class_queries_logits,
            [_padded(target["masks"], size) for target in targets],
            [target["labels"] - 1 for target in targets],
            output.auxiliary_logits,
        )


def _findings(chances: Tensor, masks: Tensor) -> dict[str, Tensor]:
    """The best answers of one slice, best first.

    chances: of each class (queries, classes). masks: probabilities (queries, j, i). A score is the chance
    of the class times the mean probability inside the mask (Cheng et al., arXiv 2112.01527).
    """
    inside = masks > 0.5
    sure = (masks * inside).sum(dim=(1, 2)) / inside.sum(dim=(1, 2)).clamp(min=1)
    query, label, scores = best_answers(chances * sure[:, None])
    return {
        "boxes": _boxes(inside[query]),
        "labels": label + 1,
        "scores": scores,
        "masks": masks[query][:, None],
    }


def _boxes(masks: Tensor) -> Tensor:
    """Boxes (n, 4) around masks (n, j, i) that hold at least one pixel; their ends lie behind the last."""
    return masks_to_boxes(masks) + torch.tensor([0.0, 0.0, 1.0, 1.0], device=masks.device)


def _padded(masks: Tensor, size: torch.Size) -> Tensor:
    """Masks (n, j, i) of one image at the size of the batch."""
    return pad(masks.float(), (0, size[1] - masks.shape[2], 0, size[0] - masks.shape[1]))
