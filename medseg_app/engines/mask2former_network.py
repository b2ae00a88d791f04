"""Mask2Former and MaskFormer for grey slices: transformers' networks, built from numbers alone.

Nothing is taken from a hub. Without further numbers they are small.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from .offline_transformers import offline_transformers
from .query_arguments import STAGES, Arguments
from .query_network import QueryNetwork
from .transformers_body import put_norm

MASK2FORMER, MASKFORMER = "Mask2Former", "MaskFormer"
"""Names in the card."""
BODY_HEAD_WIDTH = 32
"""Channels per head of attention in Swin."""
BOTTLENECK = 4
"""How much wider the stages of a ResNet with bottlenecks are than those of one without."""
POINTS = 2048
"""Places at which masks are compared in training; the paper's 12544 are for images of 1024 x 1024."""


def mask2former(**arguments: Any) -> nn.Module:
    """Mask2Former (arXiv 2112.01527); see Arguments."""
    return _for_slices(MASK2FORMER, Arguments(**arguments))


def maskformer(**arguments: Any) -> nn.Module:
    """MaskFormer (arXiv 2107.06278), which learns from its last answers only; see Arguments."""
    return _for_slices(MASKFORMER, Arguments(**arguments))


def architecture(name: str, asked: Arguments) -> tuple[type[Any], Any]:
    """Class and configuration, in transformers' terms, of the network of a name in the card."""
    transformers = offline_transformers()
    if name == MASK2FORMER:
        return transformers.Mask2FormerForUniversalSegmentation, _mask2former_config(transformers, asked)
    return transformers.MaskFormerForInstanceSegmentation, _maskformer_config(transformers, asked)


def _mask2former_config(transformers: Any, asked: Arguments) -> Any:
    return transformers.Mask2FormerConfig(
        backbone_config=_body(transformers, asked),
        num_labels=asked.num_classes - 1,
        num_queries=asked.queries,
        hidden_dim=asked.width,
        feature_size=asked.width,
        mask_feature_size=asked.width,
        encoder_feedforward_dim=4 * asked.width,
        dim_feedforward=asked.expansion * asked.width,
        encoder_layers=asked.encoder_layers,
        decoder_layers=asked.decoder_layers,
        num_attention_heads=asked.width // asked.head_width,
        train_num_points=POINTS,
        feature_strides=[asked.stride * 2**n for n in range(len(STAGES))],
        common_stride=asked.stride,
    )


def _maskformer_config(transformers: Any, asked: Arguments) -> Any:
    return transformers.MaskFormerConfig(
        backbone_config=_body(transformers, asked),
        decoder_config=transformers.DetrConfig(
            d_model=asked.width,
            num_queries=asked.queries,
            decoder_layers=asked.decoder_layers,
            decoder_ffn_dim=asked.expansion * asked.width,
            decoder_attention_heads=asked.width // asked.head_width,
            encoder_attention_heads=asked.width // asked.head_width,
        ),
        num_labels=asked.num_classes - 1,
        fpn_feature_size=asked.width,
        mask_feature_size=asked.width,
    )


def _body(transformers: Any, asked: Arguments) -> Any:
    """What the backbone is to be, in transformers' terms."""
    if asked.backbone == "swin":
        return transformers.SwinConfig(
            num_channels=asked.in_channels,
            patch_size=asked.stride,
            embed_dim=asked.body_width,
            depths=list(asked.depths),
            num_heads=[max(width // BODY_HEAD_WIDTH, 1) for width in asked.body_widths],
            window_size=asked.window,
            out_features=list(STAGES),
        )
    return transformers.ResNetConfig(
        num_channels=asked.in_channels,
        embedding_size=asked.body_width // (BOTTLENECK if asked.layer == "bottleneck" else 1),
        hidden_sizes=asked.body_widths,
        depths=list(asked.depths),
        layer_type=asked.layer,
        out_features=list(STAGES),
    )


def _for_slices(name: str, asked: Arguments) -> nn.Module:
    kind, config = architecture(name, asked)
    net: nn.Module = kind(config)
    if asked.backbone == "resnet":
        body: Any = net.model.pixel_level_module.encoder
        put_norm(body, asked.norm)
        if asked.stride == 2:
            body.embedder.pooler = nn.Identity()
    return QueryNetwork(net)
