"""Weights of transformers' as the beginning of the networks Mask2Former and MaskFormer (torch).

They are put into the network that they were saved from, by transformers itself, for it knows the names of
its earlier versions. From there everything goes that has the same shape here: heads for other classes start
afresh, and the first convolution is made to see grey slices (see photograph_stem.py).
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from medseg_app.core.errors import ModelError

from .mask2former_network import MASK2FORMER, MASKFORMER, architecture
from .model_card import Network
from .photograph_stem import COLOURS, grey_stem
from .query_arguments import Arguments
from .taken_weights import Taken, take_what_fits

NAMES = (MASK2FORMER, MASKFORMER)
CLASSES = "class_predictor.weight"
STEMS = {
    "swin": "embeddings.patch_embeddings.projection.weight",
    "resnet": "embedder.embedder.convolution.weight",
}
"""End of the name of the first convolution."""
BODY, OUR_BODY = "model.pixel_level_module.encoder.", "net.model.pixel_level_module.encoder.net."
NOT_LEARNT = "criterion."
WHOLE = (
    "They must be those of a whole Mask2FormerForUniversalSegmentation or MaskFormerForInstanceSegmentation."
)


def require_whole(tensors: dict[str, Tensor]) -> None:
    """Raises ModelError where weights are not those of a network with its head."""
    if CLASSES not in tensors or tensors[CLASSES].ndim != 2:
        raise ModelError(f"The weights have no {CLASSES}.", WHOLE)


def begin_with(network: nn.Module, card: Network, tensors: dict[str, Tensor]) -> Taken:
    """Put all tensors that fit into a network that was built as the card says, the first adapted.

    Raises ModelError where the network is another than the one that the tensors were saved from.
    """
    require_whole(tensors)
    asked = Arguments(**card.arguments)
    stem = next((name for name in tensors if name.endswith(STEMS[asked.backbone])), None)
    if stem is None:
        raise ModelError(f"The weights are not those of a network on a {asked.backbone}.", WHOLE)
    saved, strange = _as_saved(card.name, asked, tensors, tensors[stem].shape[1])
    given = {_our_name(n): t for n, t in saved.items() if not n.endswith("num_batches_tracked")}
    taken = take_what_fits(network, given, _adapted(given, asked))
    refused = next((name for name in taken.afresh if name.startswith(OUR_BODY)), "")
    if refused:
        raise ModelError(
            f"The weights do not fit the images of the recipe, which have {asked.in_channels} channels "
            f"({refused}).",
            "Take weights for photographs in colour.",
        )
    return replace(taken, unused=tuple(sorted({*taken.unused, *strange})))


def _as_saved(
    name: str, asked: Arguments, tensors: dict[str, Tensor], channels: int
) -> tuple[dict[str, Tensor], set[str]]:
    """The tensors under transformers' names of today, and the names of those that it does not know."""
    theirs = replace(asked, in_channels=channels, num_classes=len(tensors[CLASSES]))
    kind, config = architecture(name, theirs)
    try:
        net, told = kind.from_pretrained(
            None, config=config, state_dict=tensors, output_loading_info=True, dtype=torch.float32
        )
    except RuntimeError as error:
        raise ModelError(f"The weights do not fit the network {name} of the recipe.", WHOLE) from error
    missing = sorted(n for n in told["missing_keys"] if not n.startswith(NOT_LEARNT))
    if missing:
        raise ModelError(f"The weights lack {len(missing)} tensors ({missing[0]}).", WHOLE)
    return net.state_dict(), set(told["unexpected_keys"])


def _our_name(name: str) -> str:
    return OUR_BODY + name.removeprefix(BODY) if name.startswith(BODY) else f"net.{name}"


def _adapted(given: dict[str, Tensor], asked: Arguments) -> dict[str, Tensor]:
    """The first convolution and what shifts its values; nothing where it saw no colours."""
    weight = next(name for name in given if name.endswith(STEMS[asked.backbone]))
    if given[weight].shape[1] != COLOURS:
        return {}
    if asked.backbone == "resnet":
        mean = weight.replace("convolution.weight", "normalization.running_mean")
        filters, shifted = grey_stem(given[weight], given[mean], asked.in_channels)
        return {weight: filters, mean: shifted}
    bias = weight.replace("weight", "bias")
    filters, shifted = grey_stem(given[weight], -given[bias], asked.in_channels)
    return {weight: filters, bias: -shifted}  # a bias is added where a mean is taken away
