"""Annotated: which classes somebody looked for in a case. A class that is absent is not always empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg_app.core.label_map import LabelMap
    from medseg_app.engines.model_card import LabelClass

    from .recipe import Recipe
    from .references import Reference


def annotated(truth: LabelMap, recipe: Recipe) -> frozenset[int]:
    """The class values that were looked for in a case whose truth this is (see `Source.absent`).

    truth: its values are class values. Whoever marked a finding of any class looked for all of them, unless
    the recipe says that what has no voxel is unknown.
    """
    source = recipe.source
    everything = frozenset(recipe.values)
    if source.absent == "unknown":
        return everything & {s.value for s in truth.segments if truth.mask(s).any()}
    if source.absent == "unnamed":
        named = everything & {segment.value for segment in truth.segments}
        return named if recipe.task == "semantic" else everything if named else frozenset()
    return everything if recipe.task == "instance" else everything - set(source.never_annotated)


def teaches(reference: Reference, recipe: Recipe) -> bool:
    """Whether a case can be learnt from and measured on.

    Findings are learnt from all that is none, so each of their classes must have been looked for; of tissues
    and organs one is enough.
    """
    is_semantic = recipe.task == "semantic"
    if recipe.source.absent == "empty" or (is_semantic and recipe.source.kind != "cases"):
        return True
    known = annotated(reference.truth(), recipe)
    return bool(known) if is_semantic else known == frozenset(recipe.values)


def with_classes_of(recipe: Recipe, labels: Mapping[int, LabelClass], absent: str = "") -> Recipe:
    """The recipe with the classes of a model; those that its data set does not name are unknown in it.

    absent: what the user said of absent classes; where that is "empty", it holds for these as well.
    """
    names = {label.name for label in recipe.labels.values()}
    never = {
        value
        for value, label in labels.items()
        if (label.name not in names if recipe.source.is_by_name else value not in recipe.labels)
    }
    unnamed = set() if absent == "empty" else never
    never_annotated = tuple(sorted(unnamed.union(recipe.source.never_annotated)))
    source = replace(recipe.source, never_annotated=never_annotated)
    return replace(recipe, labels=dict(labels), source=source)
