"""MaskRCNNSlim: torchvision's Mask R-CNN for grey slices, small enough to train on a processor.

A ResNet-18 with GroupNorm (learns from scratch at any batch size) on any number of input channels, a
narrow feature pyramid, narrow heads and few proposals. Images are taken as they are: neither resized
nor normalised; in a batch they are padded to a multiple of 32 at the lower right.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torchvision.models import resnet18
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import MultiScaleRoIAlign

BODY_WIDTHS = (64, 128, 256, 512)
BOX_ROI, MASK_ROI = 7, 14


class AsTheyAre(GeneralizedRCNNTransform):
    """Batches images without resizing or normalising: the card's preprocessing did what is needed."""

    def normalize(self, image: Tensor) -> Tensor:
        """The image itself."""
        return image

    def resize(
        self, image: Tensor, target: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, dict[str, Tensor] | None]:
        """The image and its boxes and masks themselves."""
        return image, target


def mask_rcnn_slim(
    in_channels: int,
    num_classes: int,
    anchor_sizes: Sequence[int] = (8, 16, 32, 64, 128),
    width: int = 64,
    max_findings: int = 10,
    stages: int = 4,
) -> nn.Module:
    """Mask R-CNN for images (in_channels, j, i) with values about -1..1.

    num_classes counts the background. anchor_sizes: edge in pixels for strides 4, 8, 16, 32 and 64.
    max_findings: per slice. stages: how many stages of the body are used; each one that is left out
    takes a stride from the end of the list (the fourth holds three quarters of the body's weights).
    """
    pyramid = _Pyramid(in_channels, width, stages)
    anchors = AnchorGenerator(tuple((size,) for size in anchor_sizes), ((0.5, 1.0, 2.0),) * len(anchor_sizes))
    model = MaskRCNN(
        pyramid,
        num_classes=None,
        rpn_anchor_generator=anchors,
        box_roi_pool=_pool(BOX_ROI, stages),
        box_head=TwoMLPHead(width * BOX_ROI**2, 256),
        box_predictor=FastRCNNPredictor(256, num_classes),
        mask_roi_pool=_pool(MASK_ROI, stages),
        mask_head=MaskRCNNHeads(width, (width, width), 1),
        mask_predictor=MaskRCNNPredictor(width, width, num_classes),
        **_few_proposals(max_findings),
    )
    model.transform = AsTheyAre(1, 1, [0.0], [1.0])
    return model


def _few_proposals(max_findings: int) -> dict[str, Any]:
    """The heads cost far more than the backbone, and a slice holds few findings."""
    return {
        "rpn_pre_nms_top_n_train": 500,
        "rpn_post_nms_top_n_train": 200,
        "rpn_pre_nms_top_n_test": 200,
        "rpn_post_nms_top_n_test": 50,
        "box_batch_size_per_image": 64,
        "box_detections_per_img": max_findings,
        "box_score_thresh": 0.02,
    }


def _pool(size: int, stages: int) -> MultiScaleRoIAlign:
    names = [str(n) for n in range(stages)]
    return MultiScaleRoIAlign(featmap_names=names, output_size=size, sampling_ratio=2)


class _Pyramid(nn.Module):
    """First stages of a ResNet-18, and a feature pyramid with one more stride than stages."""

    def __init__(self, in_channels: int, width: int, stages: int) -> None:
        super().__init__()
        body = resnet18(weights=None, norm_layer=_group_norm)
        body.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
        levels = {f"layer{n + 1}": str(n) for n in range(stages)}
        self.net = BackboneWithFPN(body, levels, list(BODY_WIDTHS[:stages]), width)
        self.out_channels = width

    def forward(self, images: Tensor) -> OrderedDict[str, Tensor]:
        # Detection heads work in float32; only this part may run in bfloat16.
        return OrderedDict((name, level.float()) for name, level in self.net(images).items())


def _group_norm(channels: int) -> nn.Module:
    return nn.GroupNorm(min(32, channels // 4), channels)
