"""Mask2Former and MaskFormer for grey slices: transformers' networks, small and built from numbers alone.

Nothing is taken from a hub: the package is told to stay offline before it is imported.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from torch import nn

from .query_network import QueryNetwork
from .slice_pyramid import group_norm

STAGES = ["stage1", "stage2", "stage3", "stage4"]
WINDOW, HEAD_WIDTH, BODY_HEAD_WIDTH = 8, 16, 32
"""Edge of Swin's windows in tokens; channels per head of attention, in the decoders and in Swin."""
POINTS = 2048
"""Places at which masks are compared in training; the paper's 12544 are for images of 1024 x 1024."""


@dataclass(frozen=True)
class Arguments:
    """What a card says about a network for images (in_channels, j, i).

    num_classes counts the background. width: of both decoders, a multiple of 32. queries: the most
    findings in a slice. decoder_layers: each improves the answers of the one before. backbone: "swin" or
    "resnet", with four stages, each twice as wide as the one before. body_width: channels of the first.
    stride: pixels per place of the first stage and of the masks, 4 as in the papers or 2 for small findings.
    Raises ValueError where no network can be built from them.
    """

    in_channels: int
    num_classes: int
    width: int = 64
    queries: int = 20
    decoder_layers: int = 4
    backbone: str = "swin"
    body_width: int = 32
    stride: int = 4

    def __post_init__(self) -> None:
        sizes = (self.in_channels, self.width, self.queries, self.decoder_layers, self.body_width)
        if not all(isinstance(size, int) and size > 0 for size in (*sizes, self.num_classes - 1)):
            raise ValueError("sizes are whole numbers from 1, and classes are two at least")
        if self.stride not in {2, 4} or self.backbone not in {"swin", "resnet"}:
            raise ValueError('stride is 2 or 4, and backbone is "swin" or "resnet"')

    @property
    def body_widths(self) -> list[int]:
        """Channels of each stage of the backbone."""
        return [self.body_width * 2**n for n in range(len(STAGES))]


def mask2former(**arguments: Any) -> nn.Module:
    """Mask2Former (arXiv 2112.01527); see Arguments."""
    asked, transformers = Arguments(**arguments), _transformers()
    config = transformers.Mask2FormerConfig(
        backbone_config=_body(transformers, asked),
        num_labels=asked.num_classes - 1,
        num_queries=asked.queries,
        hidden_dim=asked.width,
        feature_size=asked.width,
        mask_feature_size=asked.width,
        encoder_feedforward_dim=4 * asked.width,
        dim_feedforward=4 * asked.width,
        encoder_layers=2,
        decoder_layers=asked.decoder_layers,
        num_attention_heads=asked.width // HEAD_WIDTH,
        train_num_points=POINTS,
        feature_strides=[asked.stride * 2**n for n in range(len(STAGES))],
        common_stride=asked.stride,
    )
    return _for_slices(transformers.Mask2FormerForUniversalSegmentation(config), asked)


def maskformer(**arguments: Any) -> nn.Module:
    """MaskFormer (arXiv 2107.06278), which learns from its last answers only; see Arguments."""
    asked, transformers = Arguments(**arguments), _transformers()
    config = transformers.MaskFormerConfig(
        backbone_config=_body(transformers, asked),
        decoder_config=transformers.DetrConfig(
            d_model=asked.width,
            num_queries=asked.queries,
            decoder_layers=asked.decoder_layers,
            decoder_ffn_dim=4 * asked.width,
            decoder_attention_heads=asked.width // HEAD_WIDTH,
            encoder_attention_heads=asked.width // HEAD_WIDTH,
        ),
        num_labels=asked.num_classes - 1,
        fpn_feature_size=asked.width,
        mask_feature_size=asked.width,
    )
    return _for_slices(transformers.MaskFormerForInstanceSegmentation(config), asked)


def _transformers() -> ModuleType:
    """The package, offline and silent."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import transformers

    transformers.logging.set_verbosity_error()  # it would warn of every backbone but Swin
    return transformers


def _body(transformers: ModuleType, asked: Arguments) -> Any:
    """What the backbone is to be, in transformers' terms."""
    if asked.backbone == "swin":
        return transformers.SwinConfig(
            num_channels=asked.in_channels,
            patch_size=asked.stride,
            embed_dim=asked.body_width,
            depths=[2] * len(STAGES),
            num_heads=[max(width // BODY_HEAD_WIDTH, 1) for width in asked.body_widths],
            window_size=WINDOW,
            out_features=STAGES,
        )
    return transformers.ResNetConfig(
        num_channels=asked.in_channels,
        embedding_size=asked.body_width,
        hidden_sizes=asked.body_widths,
        depths=[2] * len(STAGES),
        layer_type="basic",
        out_features=STAGES,
    )


def _for_slices(net: nn.Module, asked: Arguments) -> nn.Module:
    if asked.backbone == "resnet":
        body = net.model.pixel_level_module.encoder
        _put_group_norm(body)
        if asked.stride == 2:
            body.embedder.pooler = nn.Identity()
    return QueryNetwork(net)


def _put_group_norm(body: nn.Module) -> None:
    """In place of BatchNorm, which needs batches that are larger than ours."""
    for module in list(body.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, group_norm(child.num_features))
