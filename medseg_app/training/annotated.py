"""Annotated: which classes somebody looked for in a case. A class that is absent is not always empty."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg_app.core.label_map import LabelMap
    from medseg_app.engines.model_card import ModelCard

    from .recipe import Recipe
    from .references import Reference


def annotated(truth: LabelMap, recipe: Recipe) -> frozenset[int]:
    """The class values that were looked for in a case whose truth this is (see `Source.absent`).

    truth: its values are class values. Whoever marked a finding of any class looked for all of them, unless
    the recipe says that what has no voxel is unknown.
    """
    source = recipe.source
    everything = recipe.taught
    if source.absent == "unknown":
        return everything & {s.value for s in truth.segments if truth.mask(s).any()}
    if source.absent == "unnamed":
        named = everything & {segment.value for segment in truth.segments}
        return named if recipe.task == "semantic" else everything if named else frozenset()
    return everything


def teaches(reference: Reference, recipe: Recipe) -> bool:
    """Whether a case can be learnt from and measured on.

    Findings are learnt from all that is none, so each of their classes must have been looked for; of tissues
    and organs one is enough.
    """
    is_semantic = recipe.task == "semantic"
    if recipe.source.absent == "empty" or (is_semantic and recipe.source.kind != "cases"):
        return True
    known = annotated(reference.truth(), recipe)
    return bool(known) if is_semantic else known == recipe.taught


def with_classes_of(recipe: Recipe, card: ModelCard) -> Recipe:
    """The recipe for what a model tells apart; classes that its data set does not name are unknown in it."""
    names = {label.name for label in recipe.labels.values()}
    by_name = recipe.source.is_by_name
    named = {
        value: value
        for value, label in card.labels.items()
        if (label.name in names if by_name else value in recipe.labels)
    }
    is_whole = card.task != "semantic" or len(named) == len(card.labels)
    source = recipe.source if is_whole else replace(recipe.source, values=named)
    return replace(recipe, labels=card.labels, unions=card.unions, task=card.task, source=source)
