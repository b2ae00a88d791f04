"""Auxiliary heads: what a network has while it learns and no longer when it is used (torch).

A further channel that shows borders, and the judged levels of a deeply supervised DynUNet. The network of
the recipe, which is the one of the card, has neither.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from medseg_app.core.errors import InputError
from medseg_app.engines.networks import build_network

from .recipe import Recipe

if TYPE_CHECKING:
    from torch import nn


def with_auxiliary_heads(recipe: Recipe, network: nn.Module) -> nn.Module:
    """The network that learns, with the weights of the one that will be used wherever both have them.

    Raises InputError where the recipe asks for heads that its network cannot have.
    """
    further = _arguments(recipe)
    if not further:
        return network
    arguments = {**recipe.network.arguments, **further}
    learning = build_network(replace(recipe.network, arguments=arguments))
    _copy_common(network, learning)
    return learning


def without_auxiliary_heads(recipe: Recipe, learning: nn.Module) -> nn.Module:
    """The network that will be used, with the weights that were learnt."""
    if not _arguments(recipe):
        return learning
    network = build_network(recipe.network)
    _copy_common(learning, network)
    return network.eval()


def _arguments(recipe: Recipe) -> dict[str, Any]:
    """The arguments of the learning network that differ from the recipe's."""
    wanted, network = recipe.loss, recipe.network
    further: dict[str, Any] = {}
    if wanted.edges:
        if "out_channels" not in network.arguments:
            raise InputError(f"{network.name} has no channel for borders.", "Set edges = 0 in [loss].")
        further["out_channels"] = network.arguments["out_channels"] + 1
    if wanted.deep:
        if network.name != "DynUNet":
            raise InputError(f"{network.name} cannot be judged at several depths.", "Set deep = 0 in [loss].")
        further |= {"deep_supervision": True, "deep_supr_num": wanted.deep}
    return further


def _copy_common(source: nn.Module, target: nn.Module) -> None:
    """Copy every tensor that both have; of one with more rows on one side, the rows of both.

    The rows of an output layer are its channels, and the further channel is the last.
    """
    import torch

    theirs = source.state_dict()
    with torch.no_grad():
        for name, tensor in target.state_dict().items():
            other = theirs.get(name)
            if other is not None and other.shape[1:] == tensor.shape[1:]:
                rows = min(len(other), len(tensor)) if tensor.ndim else None
                tensor[:rows].copy_(other[:rows]) if tensor.ndim else tensor.copy_(other)
