"""The weights of a model in a network for other classes: all but the layers that tell classes apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from medseg_app.engines import weights
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.networks import build_network

from .fine_tuning import CLASS_COUNTS
from .recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn


def begin_with_model(network: nn.Module, recipe: Recipe, base: ModelFolder) -> None:
    """Put the weights of a model into the network of a recipe.

    Where the classes differ, what depends on their number stays as it is; a voxelwise network keeps what it
    knows of classes that have the same name. Raises ModelError where the weights do not fit otherwise.
    """
    if _names(recipe) == _names_of(base):
        weights.load_weights(network, base)
        return
    before = build_network(base.card.network)
    weights.load_weights(before, base)
    state, own = before.state_dict(), network.state_dict()
    of_classes = _class_tensors(before, base)
    kept = {name: tensor for name, tensor in state.items() if name not in of_classes}
    if recipe.task == "semantic":
        rows = _rows(recipe, base)
        kept |= {name: _with_rows(own[name], state[name], rows) for name in of_classes}
    network.load_state_dict({**own, **kept})


def _class_tensors(network: nn.Module, base: ModelFolder) -> set[str]:
    """Names of the tensors whose shape follows from the number of classes."""
    count = len(base.card.labels) + 1
    arguments = base.card.network.arguments
    more = {word: value + 1 for word, value in arguments.items() if word in CLASS_COUNTS and value == count}
    other = build_network(replace(base.card.network, arguments={**arguments, **more})).state_dict()
    return {name for name, tensor in network.state_dict().items() if tensor.shape != other[name].shape}


def _rows(recipe: Recipe, base: ModelFolder) -> dict[int, int]:
    """Channel of the new network -> channel of the old one, the background first."""
    old = {name: channel for channel, name in enumerate(_names_of(base), 1)}
    return {0: 0} | {n: old[name] for n, name in enumerate(_names(recipe), 1) if name in old}


def _with_rows(new: Tensor, old: Tensor, rows: dict[int, int]) -> Tensor:
    """A tensor (channels, ...) with the rows of another where they mean the same."""
    merged = new.clone()
    for row, before in rows.items():
        merged[row] = old[before]
    return merged


def _names(recipe: Recipe) -> list[str]:
    return [recipe.labels[value].name for value in recipe.values]


def _names_of(base: ModelFolder) -> list[str]:
    return [base.card.labels[value].name for value in sorted(base.card.labels)]
