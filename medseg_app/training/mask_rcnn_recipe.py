"""A recipe with torchvision's Mask R-CNN in place of its own: by backbone, or for a file of weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from medseg_app.core.errors import ModelError, WrongUse
from medseg_app.engines.model_card import Network
from medseg_app.engines.preprocess import Preprocessing

from .recipe import Recipe

NAME, ENGINE = "MaskRCNN", "mask_rcnn"
PYRAMID_LEVELS = 5
LEFT_TO_CLUSTER = {"nms_iou": 0.7}
"""Where views of a finding are clustered, the network leaves more of them: on 16 phantoms, demo-lesions had
0.6 false findings per image instead of 1.1, at a recall of 0.86 instead of 0.90."""
KEPT = ("anchor_sizes", "max_findings", "nms_iou")
"""What a recipe of a Mask R-CNN says about the findings, whatever the backbone."""


def with_backbone(recipe: Recipe, backbone: str) -> Recipe:
    """The recipe with a network of another backbone, which learns from scratch.

    Raises WrongUse where the recipe is none of a Mask R-CNN.
    """
    return _with(recipe, {"backbone": backbone})


def begun_with_weights(recipe: Recipe, path: Path, backbone: str = "") -> Recipe:
    """The recipe with the network that a file of weights belongs to, which begins with them.

    Raises WrongUse where the recipe is none of a Mask R-CNN or the weights have another backbone than the
    one that is asked for, ModelError where the file holds no weights that are known.
    """
    from medseg_app.engines.foreign.weight_file import read_weight_file
    from medseg_app.engines.photograph_weights import named_as_today, network_for

    try:
        found = network_for(named_as_today(read_weight_file(path)))
    except ModelError as error:
        raise ModelError(f"A training cannot begin with {path}. {error.message}", error.hint) from error
    if backbone and backbone != found["backbone"]:
        raise WrongUse(
            f"{path} holds weights of the backbone {found['backbone']}, not of {backbone}.",
            "Leave out --backbone, or choose other weights.",
        )
    return replace(_with(recipe, found), start_from=path)


def _with(recipe: Recipe, choices: dict[str, Any]) -> Recipe:
    if recipe.engine != ENGINE:
        raise WrongUse(
            f"The engine of {recipe.name} is {recipe.engine}; backbones and weights of photographs are for "
            "Mask R-CNN.",
            "For a data set add --task instance; in a recipe set engine to mask_rcnn.",
        )
    channels = Preprocessing.from_json(recipe.preprocessing).in_channels
    kept = {word: value for word, value in recipe.network.arguments.items() if word in KEPT}
    if len(kept.get("anchor_sizes", ())) != PYRAMID_LEVELS:
        kept.pop("anchor_sizes", None)
    sizes = {"in_channels": channels, "num_classes": len(recipe.labels) + 1}
    views = LEFT_TO_CLUSTER if "cluster_iou" in recipe.thresholds else {}
    return replace(recipe, network=Network(NAME, {**sizes, **views, **kept, **choices}))
