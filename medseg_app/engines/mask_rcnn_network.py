"""MaskRCNN: torchvision's Mask R-CNN in its own sizes and names, so that weights made for it fit.

`maskrcnn_resnet50_fpn` has the heads "v1", `maskrcnn_resnet50_fpn_v2` the deeper "v2". The slim network for
a processor is in mask_rcnn_slim.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.rpn import RPNHead

from .backbones import NORMS, Norm, detector_pyramid
from .mask_rcnn_slim import few_proposals
from .slice_pyramid import AsTheyAre

WIDTH, BOX_WIDTH, BOX_ROI = 256, 1024, 7
HEADS = ("v1", "v2")


@dataclass(frozen=True)
class Arguments:
    """What a card says about a network for images (in_channels, j, i) with values about -1..1.

    num_classes counts the background. backbone: "resnet18", "resnet50" or "mobilenet". norm: "group" to
    learn from scratch, "frozen" to begin with weights of torchvision's. anchor_sizes: edge in pixels for
    strides 4, 8, 16, 32 and 64. max_findings: per slice. nms_iou: of two boxes of one class that overlap
    by more, the surer stays. Raises ValueError where no network can be built from them.
    """

    in_channels: int
    num_classes: int
    backbone: str = "resnet50"
    heads: str = "v1"
    norm: str = "group"
    anchor_sizes: Sequence[int] = (8, 16, 32, 64, 128)
    max_findings: int = 10
    nms_iou: float = 0.5

    def __post_init__(self) -> None:
        if self.heads not in HEADS or self.norm not in NORMS:
            raise ValueError(f"heads are {' or '.join(HEADS)}, and norm is {' or '.join(NORMS)}")


def mask_rcnn(**arguments: Any) -> nn.Module:
    """Mask R-CNN (arXiv 1703.06870); see Arguments."""
    asked = Arguments(**arguments)
    norm, is_deep = NORMS[asked.norm], asked.heads == "v2"
    head_norm = norm if is_deep else None
    sizes = asked.anchor_sizes
    anchors = AnchorGenerator(tuple((size,) for size in sizes), ((0.5, 1.0, 2.0),) * len(sizes))
    per_place = anchors.num_anchors_per_location()[0]
    model = MaskRCNN(
        detector_pyramid(asked.backbone, asked.in_channels, WIDTH, norm, head_norm),
        num_classes=None,
        rpn_anchor_generator=anchors,
        rpn_head=RPNHead(WIDTH, per_place, conv_depth=2 if is_deep else 1),
        box_head=_box_head(head_norm),
        box_predictor=FastRCNNPredictor(BOX_WIDTH, asked.num_classes),
        mask_head=MaskRCNNHeads(WIDTH, (WIDTH,) * 4, 1, norm_layer=head_norm),
        mask_predictor=MaskRCNNPredictor(WIDTH, WIDTH, asked.num_classes),
        box_nms_thresh=asked.nms_iou,
        **few_proposals(asked.max_findings),
    )
    model.transform = AsTheyAre(1, 1, [0.0], [1.0])
    return model


def _box_head(norm: Norm | None) -> nn.Module:
    if norm is None:
        return TwoMLPHead(WIDTH * BOX_ROI**2, BOX_WIDTH)
    return FastRCNNConvFCHead((WIDTH, BOX_ROI, BOX_ROI), [WIDTH] * 4, [BOX_WIDTH], norm_layer=norm)
