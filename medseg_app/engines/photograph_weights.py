"""Weights of torchvision's for photographs (COCO, ImageNet) as the beginning of the network MaskRCNN (torch).

Understood are the state dicts of `maskrcnn_resnet50_fpn`, its v2, Mask R-CNNs with another body of
BACKBONES, `fasterrcnn_mobilenet_v3_large_fpn`, and of the bodies alone (resnet18, resnet50,
mobilenet_v3_large). Whatever has another shape in the network, such as heads for
other classes, starts afresh.
"""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor, nn

from medseg_app.core.errors import ModelError

from .backbones import BACKBONES
from .mask_rcnn_network import Arguments
from .model_card import Network
from .photograph_stem import COLOURS, grey_stem
from .taken_weights import Taken, take_what_fits

NAME = "MaskRCNN"
BODY = "backbone.body."
NAMES_OF_2019 = (
    (re.compile(r"^(backbone\.fpn\.(?:inner|layer)_blocks\.\d)\.(weight|bias)$"), r"\1.0.\2"),
    (re.compile(r"^rpn\.head\.conv\.(weight|bias)$"), r"rpn.head.conv.0.0.\1"),
    *((re.compile(rf"(mask_head)\.mask_fcn{n + 1}\.(weight|bias)$"), rf"\1.{n}.0.\2") for n in range(4)),
)
"""torchvision's first COCO weights -> the names of today."""
SIGNS = {
    "resnet18": ("layer2.1.conv2.weight", "layer1.2.conv2.weight"),
    "resnet50": ("layer3.5.conv3.weight", "layer3.6.conv3.weight"),
    "mobilenet": ("13.block.0.0.weight", "17.0.weight"),
}
"""Backbone -> a tensor of its body, and one that only larger bodies of its kind have."""
KINDS = (
    "MedSeg begins with weights of torchvision's: maskrcnn_resnet50_fpn (v1, v2) of COCO, or the bodies "
    "resnet18, resnet50 and mobilenet_v3_large. Weights of transformers' need their config.json beside them."
)


def named_as_today(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names that the network has, those of a body alone with its place before them."""
    tensors = {name: t for name, t in tensors.items() if not name.endswith("num_batches_tracked")}
    if not any(name.startswith("backbone.") for name in tensors):
        return {BODY + name.removeprefix("features."): tensor for name, tensor in tensors.items()}
    for old, new in NAMES_OF_2019:
        tensors = {old.sub(new, name): tensor for name, tensor in tensors.items()}
    return tensors


def network_for(tensors: dict[str, Tensor]) -> dict[str, Any]:
    """The arguments of MaskRCNN that weights with today's names belong to; heads only where they have any.

    Raises ModelError where they are of no network that is known.
    """
    for backbone, (present, larger) in SIGNS.items():
        is_deeper = backbone == "resnet18" and BODY + "layer1.0.conv3.weight" in tensors
        if BODY + present in tensors and BODY + larger not in tensors and not is_deeper:
            found = {"backbone": backbone, "norm": "frozen"}
            if "rpn.head.cls_logits.weight" in tensors:
                found["heads"] = "v2" if "rpn.head.conv.1.0.weight" in tensors else "v1"
            return found
    raise ModelError("The tensors are not those of a network that is known.", KINDS)


def begin_with(network: nn.Module, card: Network, tensors: dict[str, Tensor]) -> Taken:
    """Put all tensors that fit into a network that was built as the card says, the first adapted.

    Raises ModelError where the network is another than the one that the tensors were made for.
    """
    given = named_as_today(tensors)
    wanted = network_for(given)
    asked = vars(Arguments(**card.arguments)) if card.name == NAME else {}
    if any(asked.get(word) != value for word, value in wanted.items()):
        words = ", ".join(f"{word} = {value!r}" for word, value in wanted.items())
        raise ModelError(
            f"The weights do not belong to the network {card.name} of the recipe.",
            f"Set the network to {NAME} with {words}.",
        )
    adapted = _adapted(given, wanted["backbone"], asked["in_channels"])
    taken = take_what_fits(network, given, adapted)
    strange = [name for name in taken.afresh if name.startswith(BODY)]
    if strange:
        raise ModelError(f"The weights do not fit a {wanted['backbone']} ({strange[0]}).", KINDS)
    return taken


def _adapted(given: dict[str, Tensor], backbone: str, channels: int) -> dict[str, Tensor]:
    """The first convolution and the mean behind it, for our channels; nothing where it saw no colours."""
    body = BACKBONES[backbone]
    weight, mean = f"{BODY}{body.stem}.weight", f"{BODY}{body.stem_norm}.running_mean"
    if weight not in given or mean not in given or given[weight].shape[1:2] != (COLOURS,):
        return {}
    filters, shifted = grey_stem(given[weight].float(), given[mean].float(), channels)
    return {weight: filters, mean: shifted}
