"""DETR and RT-DETR for grey slices: transformers' networks, built from numbers alone, with masks.

They answer boxes; a U-Net looks into each and outlines what it holds (see box_network.py). Nothing is taken
from a hub. Without further numbers they are small.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from .box_arguments import BoxArguments
from .box_network import BoxNetwork
from .box_unet import BoxUNet
from .mask2former_network import BOTTLENECK
from .offline_transformers import offline_transformers
from .query_arguments import STAGES
from .transformers_body import put_norm

DENOISED = 20
"""Boxes per slice that are given to RT-DETR a little wrong, so that it learns to put them right."""
SLIM = 0.5
"""Width of the blocks in which RT-DETR mixes its stages, as in the smallest that was published."""
LEVELS = 3
"""Stages that RT-DETR looks at: all but the finest, at strides 8, 16 and 32."""


def detr(**arguments: Any) -> nn.Module:
    """DETR (arXiv 2005.12872), which looks at the coarsest stage, at stride 32; see BoxArguments."""
    asked = BoxArguments(**arguments)
    transformers = offline_transformers()
    config = transformers.DetrConfig(
        backbone_config=transformers.ResNetConfig(**_body(asked), out_features=[STAGES[-1]]),
        num_channels=asked.in_channels,
        num_labels=asked.num_classes - 1,
        auxiliary_loss=True,
        **_sizes(asked),
    )
    net = transformers.DetrForObjectDetection(config)
    # transformers freezes the one it builds; ours has everything to learn.
    net.model.backbone.model = transformers.ResNetBackbone(config.backbone_config)
    return _with_masks(net, asked, exclusive=True)


def rt_detr(**arguments: Any) -> nn.Module:
    """RT-DETR (arXiv 2304.08069), which begins with the best places of three stages; see BoxArguments."""
    asked = BoxArguments(**arguments)
    transformers = offline_transformers()
    config = transformers.RTDetrConfig(
        backbone_config=transformers.RTDetrResNetConfig(**_body(asked), out_features=list(STAGES[1:])),
        freeze_backbone_batch_norms=False,
        num_labels=asked.num_classes - 1,
        encoder_hidden_dim=asked.width,
        encoder_in_channels=asked.body_widths[1:],
        decoder_in_channels=[asked.width] * LEVELS,
        num_feature_levels=LEVELS,
        num_denoising=DENOISED,
        hidden_expansion=SLIM,
        **_sizes(asked),
    )
    return _with_masks(transformers.RTDetrForObjectDetection(config), asked, exclusive=False)


def _sizes(asked: BoxArguments) -> dict[str, Any]:
    heads, inner = asked.width // asked.head_width, asked.expansion * asked.width
    return {
        "d_model": asked.width,
        "num_queries": asked.queries,
        "encoder_layers": asked.encoder_layers,
        "encoder_attention_heads": heads,
        "encoder_ffn_dim": inner,
        "decoder_layers": asked.decoder_layers,
        "decoder_attention_heads": heads,
        "decoder_ffn_dim": inner,
    }


def _body(asked: BoxArguments) -> dict[str, Any]:
    return {
        "num_channels": asked.in_channels,
        "embedding_size": asked.body_width // (BOTTLENECK if asked.layer == "bottleneck" else 1),
        "hidden_sizes": asked.body_widths,
        "depths": list(asked.depths),
        "layer_type": asked.layer,
    }


def _with_masks(net: nn.Module, asked: BoxArguments, *, exclusive: bool) -> nn.Module:
    put_norm(net, asked.norm)
    masks = BoxUNet(asked.in_channels, asked.mask_edge, asked.mask_width)
    return BoxNetwork(net, masks, exclusive=exclusive)
