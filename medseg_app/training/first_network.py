"""The network before the first step: random, or with weights of a model or of another program (torch)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from .auxiliary_heads import with_auxiliary_heads
from .beginning import Beginning
from .recipe import Recipe

if TYPE_CHECKING:
    from torch import nn


def first_network(recipe: Recipe) -> tuple[nn.Module, Beginning | None]:
    """The network that the first step changes, and the file of weights that it began with, if any.

    Raises ModelError where the weights do not belong to the recipe's network.
    """
    from medseg_app.engines.model_folder import read_model_folder
    from medseg_app.engines.networks import build_network

    from .new_head import begin_with_model

    network, start, begun = build_network(recipe.network), recipe.start_from, None
    if start is not None and start.is_file():
        begun = _begin_with_file(network, recipe, start)
    elif start is not None:
        begin_with_model(network, recipe, read_model_folder(start))
    return with_auxiliary_heads(recipe, network.float()), begun


def _begin_with_file(network: nn.Module, recipe: Recipe, path: Path) -> Beginning:
    from medseg_app.engines import photograph_weights, query_weights
    from medseg_app.engines.foreign.weight_file import read_weight_file

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    of_queries = recipe.network.name in query_weights.NAMES
    begin_with = query_weights.begin_with if of_queries else photograph_weights.begin_with
    # transformers calls all its files alike; the folder says which network it is.
    name = f"{path.resolve().parent.name}/{path.name}" if of_queries else path.name
    return Beginning(name, digest, begin_with(network, recipe.network, read_weight_file(path)))
