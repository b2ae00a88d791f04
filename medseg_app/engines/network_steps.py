"""fitting_patch: what of an image a network can take at once, from the arguments in its card."""

from __future__ import annotations

import math
from typing import Any

from medseg_app.core.box import Index

from .model_card import Network
from .slice_tiles import MARGINS, takes_slices
from .tile_plan import LEGAL_STEP


def fitting_patch(network: Network, patch: Index) -> Index:
    """A patch (k, j, i) grown to edges that a voxelwise network halves without a rest at every level.

    Networks that take slices may look at any number of them.
    """
    steps = _steps(network)
    counts = [max(math.ceil(edge / step), 1) for edge, step in zip(patch, steps, strict=True)]
    if takes_slices(network):
        margin = 2 * MARGINS.get(network.name, 0)
        counts[1:] = [max(count, 2) for count in counts[1:]]
        return patch[0], counts[1] * steps[1] + margin, counts[2] * steps[2] + margin
    if all(count == 1 for count in counts):  # norms need more than one voxel at the deepest level
        counts[1:] = [2, 2]
    k, j, i = (count * step for count, step in zip(counts, steps, strict=True))
    return k, j, i


def _steps(network: Network) -> Index:
    """By what each edge is divided on the way down; for networks whose card has no strides, by enough."""
    levels = network.arguments.get("levels", {})  # where NnUNet has them
    strides = network.arguments.get("strides", levels.get("strides"))
    if not isinstance(strides, list | tuple) or not strides:
        return LEGAL_STEP, LEGAL_STEP, LEGAL_STEP
    k, j, i = (math.prod(axis) for axis in zip(*map(_triple, strides), strict=True))
    return k, j, i


def _triple(stride: Any) -> tuple[int, ...]:
    """Of one level: a number counts for all axes, a pair is that of a slice."""
    edges = tuple(stride) if isinstance(stride, list | tuple) else (stride,) * 3
    return (1,) * (3 - len(edges)) + edges
