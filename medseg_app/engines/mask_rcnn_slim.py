"""MaskRCNNSlim: torchvision's Mask R-CNN for grey slices, small enough to train on a processor.

The pyramid of slice_pyramid.py, narrow heads and few proposals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import MultiScaleRoIAlign

from .slice_pyramid import AsTheyAre, SlicePyramid

BOX_ROI, MASK_ROI = 7, 14


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
    pyramid = SlicePyramid(in_channels, width, stages)
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
        **few_proposals(max_findings),
    )
    model.transform = AsTheyAre(1, 1, [0.0], [1.0])
    return model


def few_proposals(max_findings: int) -> dict[str, Any]:
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
