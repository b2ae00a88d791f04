"""The tile at which the reader looks, computed before its turn, so that something can be shown early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medseg_app.core.box import Box, Index
from medseg_app.core.proposal import Candidate

from .ahead import ComputeTile
from .candidates import instance_candidate
from .fit import Fit
from .model_card import ModelCard
from .tile_plan import TilePlan

if TYPE_CHECKING:
    from torch import Tensor


def tile_at(plan: TilePlan, sample: Index) -> Box:
    """The tile of a plan whose middle is nearest to a sample, along each axis."""
    k, j, i = (
        min(starts, key=lambda start: abs(start + (edge - 1) / 2 - at))
        for starts, edge, at in zip(plan.starts, plan.tile, sample, strict=True)
    )
    return Box.of((k, j, i), (k + plan.tile[0], j + plan.tile[1], i + plan.tile[2]))


def known_before(compute: ComputeTile, box: Box, chances: Tensor) -> ComputeTile:
    """Computes tiles, and gives what is known of one of them instead; that is forgotten then."""
    known = {box: chances}
    return lambda tile: known.pop(tile) if tile in known else compute(tile)


def tile_candidates(card: ModelCard, fit: Fit, box: Box, chances: Tensor) -> list[Candidate]:
    """What probabilities (classes, k, j, i) in a box of the model's frame mark where they are above a half.

    Voxels of the box that lie beyond the frame are left out.
    """
    inside = box & Box.whole(fit.model_shape)
    part = chances[(slice(None), *inside.within(box).slices)]
    found = []
    for channel, value in enumerate(sorted(card.labels), start=1):
        chance = part[channel].cpu().numpy()
        if (chance >= 0.5).any():
            score = float(chance[chance >= 0.5].mean())
            where, mask = fit.mask_to_volume(inside, chance, 0.5)
            found.append(instance_candidate(card, value, where, mask, score))
    return [candidate for candidate in found if candidate is not None]
