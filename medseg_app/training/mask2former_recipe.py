"""A recipe with the Mask2Former or MaskFormer that transformers saved, which begins with its weights."""

from __future__ import annotations

from dataclasses import replace

from medseg_app.core.errors import ModelError, WrongUse
from medseg_app.engines.foreign.saved_transformer import SavedTransformer
from medseg_app.engines.model_card import Network
from medseg_app.engines.preprocess import Preprocessing

from .recipe import Recipe

ENGINE = "mask2former"
RATE, DECAY = 1e-4, 0.05
"""The paper's, for weights that have learnt already; other engines' recipes have other ones."""


def begun_with_transformer(recipe: Recipe, saved: SavedTransformer) -> Recipe:
    """The recipe of a model of findings with a saved network, whose weights are the beginning.

    Raises WrongUse where the recipe is none of findings, ModelError where the network is none that is known.
    """
    from medseg_app.engines.foreign.weight_file import read_weight_file
    from medseg_app.engines.query_config import network_of
    from medseg_app.engines.query_weights import require_whole

    if recipe.task != "instance":
        raise WrongUse(
            f"{recipe.name} gives a class to every voxel; {saved.weights} is a network of findings.",
            "For a data set add --task instance.",
        )
    try:
        described = network_of(saved.description())
        require_whole(read_weight_file(saved.weights))
    except ModelError as error:
        raise ModelError(
            f"A training cannot begin with {saved.weights.parent}. {error.message}", error.hint
        ) from error
    channels = Preprocessing.from_json(recipe.preprocessing).in_channels
    sizes = {"in_channels": channels, "num_classes": len(recipe.labels) + 1}
    training = recipe.training
    if recipe.engine != ENGINE:
        training = replace(training, learning_rate=RATE, weight_decay=DECAY)
    return replace(
        recipe, engine=ENGINE, network=Network(described.name, {**sizes, **described.arguments}),
        training=training, start_from=saved.weights,
    )  # fmt: skip
