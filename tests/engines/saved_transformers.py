"""Tiny networks of transformers for colour photographs and five classes, as `save_pretrained` leaves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from medseg_app.engines.offline_transformers import offline_transformers

CLASSES, QUERIES, WIDTH = 5, 7, 32
STAGES = ["stage1", "stage2", "stage3", "stage4"]
KINDS = [("Mask2Former", "swin"), ("MaskFormer", "swin"), ("MaskFormer", "resnet")]
"""As published: Mask2Former on Swin, MaskFormer on Swin and on ResNets."""


def saved_network(name: str = "Mask2Former", backbone: str = "swin", **changed: Any) -> Any:
    """A network of transformers with random weights; its norms as after a training."""
    torch.manual_seed(5)
    make = _mask2former if name == "Mask2Former" else _maskformer
    net = make(offline_transformers(), _body(backbone), changed).eval()
    for key, tensor in net.state_dict().items():
        if key.endswith("running_mean"):
            tensor.normal_()
        elif key.endswith("running_var"):
            tensor.uniform_(0.5, 2.0)
    return net


def save(folder: Path, name: str = "Mask2Former", backbone: str = "swin", **changed: Any) -> Path:
    """The folder that transformers makes of it: config.json and model.safetensors."""
    saved_network(name, backbone, **changed).save_pretrained(folder)
    return folder


def _body(backbone: str) -> Any:
    transformers = offline_transformers()
    if backbone == "swin":
        return transformers.SwinConfig(
            embed_dim=32, depths=[1, 1, 2, 1], num_heads=[1, 2, 4, 8], window_size=7, out_features=STAGES
        )
    return transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[32, 64, 128, 256], depths=[1, 2, 1, 1], out_features=STAGES
    )


def _mask2former(transformers: Any, body: Any, changed: dict[str, Any]) -> Any:
    widths = dict.fromkeys(("hidden_dim", "feature_size", "mask_feature_size"), WIDTH)
    counts = {"num_attention_heads": 4, "encoder_layers": 1, "decoder_layers": 3}
    inner = {"encoder_feedforward_dim": 4 * WIDTH, "dim_feedforward": 8 * WIDTH}
    words = {**widths, **counts, **inner, "num_queries": QUERIES, "num_labels": CLASSES, **changed}
    return transformers.Mask2FormerForUniversalSegmentation(
        transformers.Mask2FormerConfig(backbone_config=body, **words)
    )


def _maskformer(transformers: Any, body: Any, changed: dict[str, Any]) -> Any:
    decoder = transformers.DetrConfig(
        d_model=WIDTH, num_queries=QUERIES, decoder_layers=2, decoder_ffn_dim=8 * WIDTH,
        decoder_attention_heads=4,
    )  # fmt: skip
    words = {"num_labels": CLASSES, "fpn_feature_size": WIDTH, "mask_feature_size": WIDTH, **changed}
    return transformers.MaskFormerForInstanceSegmentation(
        transformers.MaskFormerConfig(backbone_config=body, decoder_config=decoder, **words)
    )
