"""BoxUNet: a U-Net that looks into boxes of a slice and outlines what each holds (torch, MONAI)."""

from __future__ import annotations

import torch
from monai.losses import DiceCELoss
from monai.networks.nets import BasicUNet
from torch import Tensor, nn
from torch.nn.functional import grid_sample
from torchvision.ops import roi_align

MARGIN = 0.2
"""By which a box is grown on every side, as a share of its edge: it may have been set too tight."""
JITTER = 0.12
"""By how much the edges of true boxes are moved in training, as a share of their length."""


class BoxUNet(nn.Module):
    """Masks of boxes in images (in_channels, j, i), each seen at edge x edge pixels."""

    def __init__(self, in_channels: int, edge: int, width: int) -> None:
        super().__init__()
        widths = (width, width, 2 * width, 4 * width, 4 * width, width)
        self.unet = BasicUNet(2, in_channels, 1, widths)
        self._edge = edge
        self._loss = DiceCELoss(sigmoid=True)

    def forward(self, image: Tensor, boxes: Tensor) -> Tensor:
        """Probabilities (n, 1, j, i) inside boxes (n, 4: x, y, x, y in pixels, which lie at n to n + 1)."""
        if len(boxes) == 0:
            return image.new_zeros((0, 1, *image.shape[1:]))
        boxes = grown(boxes, MARGIN)
        chances = self.unet(self._seen(image[None], [boxes])).float().sigmoid()
        return pasted(chances, boxes, (image.shape[1], image.shape[2]))

    def loss(self, images: Tensor, targets: list[dict[str, Tensor]]) -> Tensor:
        """Cross entropy and Dice in the true boxes, moved a little. images: (n, in_channels, j, i)."""
        boxes = [grown(_moved(target["boxes"]), MARGIN) for target in targets]
        pairs = [(target["masks"], box) for target, box in zip(targets, boxes, strict=True) if len(box)]
        if not pairs:
            # Every process of a crew has a gradient for every weight.
            return torch.stack([weight.sum() for weight in self.parameters()]).sum() * 0
        truth = torch.cat([self._truth(masks, box) for masks, box in pairs])
        loss: Tensor = self._loss(self.unet(self._seen(images, boxes)).float(), truth)
        return loss

    def _truth(self, masks: Tensor, boxes: Tensor) -> Tensor:
        """Masks (n, j, i) as seen in boxes (n, 4), each in its own: (n, 1, edge, edge)."""
        return self._seen(masks[:, None].float(), list(boxes[:, None])).round()

    def _seen(self, images: Tensor, boxes: list[Tensor]) -> Tensor:
        """The insides of boxes, a tensor (m, 4) for each image: (all boxes, channels, edge, edge)."""
        return roi_align(images, boxes, self._edge, sampling_ratio=2, aligned=True)


def grown(boxes: Tensor, share: float) -> Tensor:
    """Boxes (n, 4) with a margin on every side, as a share of their edges."""
    lengths = boxes[:, 2:] - boxes[:, :2]
    return boxes + share * torch.cat([-lengths, lengths], dim=1)


def pasted(masks: Tensor, boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Masks (n, 1, e, e) of boxes (n, 4) at their places in a slice of this size (j, i): (n, 1, j, i).

    Boxes are not rounded, as torchvision's `paste_masks_in_image` does: nothing moves by a part of a pixel.
    """
    rows = torch.arange(size[0], device=boxes.device) + 0.5
    columns = torch.arange(size[1], device=boxes.device) + 0.5
    x0, y0, x1, y1 = boxes.T[:, :, None]
    across, down = 2 * (columns - x0) / (x1 - x0) - 1, 2 * (rows - y0) / (y1 - y0) - 1
    shape = (len(boxes), *size)
    grid = torch.stack([across[:, None, :].expand(shape), down[:, :, None].expand(shape)], dim=3)
    return grid_sample(masks, grid, align_corners=False)


def _moved(boxes: Tensor) -> Tensor:
    """Boxes (n, 4) whose edges are moved at random, as those of the queries are not quite right."""
    lengths = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    return boxes + JITTER * lengths * (2 * torch.rand_like(boxes) - 1)
