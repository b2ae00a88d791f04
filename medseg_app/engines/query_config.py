"""A Mask2Former or MaskFormer as transformers describes it (config.json), in the words of our cards (torch).

The numbers that a card has are taken from the description. Then what our builder makes of them is compared
with the description, so that whatever a card cannot say is refused instead of being built otherwise.
"""

from __future__ import annotations

from typing import Any

from medseg_app.core.errors import ModelError

from .mask2former_network import MASK2FORMER, MASKFORMER, architecture
from .model_card import Network
from .offline_transformers import offline_transformers
from .query_arguments import Arguments

Table = dict[str, Any]

NAMES = {"mask2former": MASK2FORMER, "maskformer": MASKFORMER}
"""Kind in the description -> name in the card."""
SWIN, RESNET = "swin", "resnet"
SAME_BODY = {"maskformer-swin": SWIN}
"""MaskFormer's own word for it."""
KINDS = (
    "MedSeg begins with Mask2Former and MaskFormer of transformers on a Swin (as published for COCO) or a "
    "ResNet with four stages."
)
SHAPING = {
    MASK2FORMER: (
        "hidden_dim", "feature_size", "mask_feature_size", "encoder_feedforward_dim", "dim_feedforward",
        "encoder_layers", "decoder_layers", "num_attention_heads", "num_queries", "feature_strides",
        "common_stride", "activation_function", "pre_norm", "enforce_input_projection",
    ),
    MASKFORMER: ("fpn_feature_size", "mask_feature_size"),
    "detr": (
        "model_type", "d_model", "num_queries", "decoder_layers", "decoder_ffn_dim",
        "decoder_attention_heads", "activation_function",
    ),
    SWIN: (
        "patch_size", "embed_dim", "depths", "num_heads", "window_size", "mlp_ratio", "qkv_bias",
        "hidden_act", "use_absolute_embeddings", "layer_norm_eps",
    ),
    RESNET: (
        "embedding_size", "hidden_sizes", "depths", "layer_type", "hidden_act", "downsample_in_first_stage",
        "downsample_in_bottleneck",
    ),
}  # fmt: skip
"""Words of a description that decide what the network computes; the rest is about training and classes."""


def network_of(description: Table) -> Network:
    """The network that config.json describes, without its channels and classes.

    Raises ModelError with the reason where it is none that a card can name.
    """
    name = NAMES.get(str(description.get("model_type")))
    if name is None:
        raise ModelError(f"It is a network of the kind {description.get('model_type')}.", KINDS)
    try:
        whole = _whole(name, description)
        arguments = {**_of_body(whole["backbone_config"]), **_of_decoder(name, whole)}
        _, built = architecture(name, Arguments(3, 2, **arguments))
    except (TypeError, ValueError, KeyError, IndexError, ZeroDivisionError, AttributeError) as error:
        raise ModelError(f"Its description cannot be followed ({error}).", KINDS) from error
    _compare(name, whole, _whole(name, built.to_dict()))
    return Network(name, arguments)


def _whole(name: str, description: Table) -> Table:
    """The description with what transformers takes for granted where it says nothing."""
    transformers = offline_transformers()
    usual = transformers.Mask2FormerConfig() if name == MASK2FORMER else transformers.MaskFormerConfig()
    whole = {**usual.to_dict(), **description}
    body = whole["backbone_config"]
    kind = body.get("model_type") if isinstance(body, dict) else whole.get("backbone")
    kind = SAME_BODY.get(str(kind), kind)
    if kind not in (SWIN, RESNET):
        raise ModelError(f"Its backbone is {kind}.", KINDS)
    usual_body = transformers.SwinConfig() if kind == SWIN else transformers.ResNetConfig()
    whole["backbone_config"] = {**usual_body.to_dict(), **body, "model_type": kind}
    if name == MASKFORMER:
        whole["decoder_config"] = {**transformers.DetrConfig().to_dict(), **(whole["decoder_config"] or {})}
    return whole


def _of_body(body: Table) -> Table:
    if body["model_type"] == SWIN:
        size, depths = {"body_width": body["embed_dim"], "stride": body["patch_size"]}, list(body["depths"])
        return {"backbone": SWIN, **size, "depths": depths, "window": body["window_size"]}
    size = {"body_width": body["hidden_sizes"][0], "layer": body["layer_type"], "norm": "frozen"}
    return {"backbone": RESNET, **size, "depths": list(body["depths"])}


def _of_decoder(name: str, whole: Table) -> Table:
    """Sizes in which width is divided are whole again where they fit; `_compare` sees where they do not."""
    if name == MASK2FORMER:
        width, heads, inner = whole["hidden_dim"], whole["num_attention_heads"], whole["dim_feedforward"]
        counts = {"queries": whole["num_queries"], "encoder_layers": whole["encoder_layers"]}
        layers = whole["decoder_layers"]
    else:
        decoder = whole["decoder_config"]
        width, heads, inner = (
            decoder["d_model"],
            decoder["decoder_attention_heads"],
            decoder["decoder_ffn_dim"],
        )
        counts, layers = {"queries": decoder["num_queries"]}, decoder["decoder_layers"]
    sizes = {"width": width, "head_width": width // heads, "expansion": inner // width}
    return {**counts, **sizes, "decoder_layers": layers}


def _compare(name: str, wanted: Table, built: Table) -> None:
    body = wanted["backbone_config"]["model_type"]
    pairs = [
        (SHAPING[name], wanted, built),
        (SHAPING[body], wanted["backbone_config"], built["backbone_config"]),
    ]
    if name == MASKFORMER:
        pairs.append((SHAPING["detr"], wanted["decoder_config"], built["decoder_config"]))
    for words, theirs, ours in pairs:
        for word in words:
            if _plain(theirs[word]) != _plain(ours[word]):
                raise ModelError(f"Its {word} is {theirs[word]}; here it would be {ours[word]}.", KINDS)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
