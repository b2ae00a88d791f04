"""refuse_unheeded: what a recipe says that nothing in its training would heed is a mistake, not a wish."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from medseg_app.core.errors import InputError

from .recipe import Recipe

VOXELWISE = ("metal", "air")
"""Augmentations that models of findings in slices do not have."""
OF_CT, OF_MR = ("dose", "metal", "air"), ("bias",)
THRESHOLDS = ("min_score", "min_slice_score", "mask", "min_slices", "cluster_iou", "min_ml")


def refuse_unheeded(recipe: Recipe) -> None:
    """Raises InputError with every field that has no effect, and why."""
    reasons = [f"{name} {why}" for name, why in _unheeded(recipe).items()]
    if reasons:
        raise InputError(
            f"The recipe {recipe.path} says what nothing heeds: {'; '.join(reasons)}.", "Take it out."
        )


def _unheeded(recipe: Recipe) -> dict[str, str]:
    """Field -> reason."""
    changed = _changed(recipe.augment)
    unknown = f"is no threshold (known are {', '.join(THRESHOLDS)})"
    found = dict.fromkeys(sorted({*recipe.thresholds} - {*THRESHOLDS}), unknown)
    if "CT" not in recipe.modality:
        found |= _because("is for CT", changed & {*OF_CT})
    if "MR" not in recipe.modality:
        found |= _because("is for MR", changed & {*OF_MR})
    if not recipe.gives_findings:
        found |= _because("is for models of findings", changed & {"paste", "synthetic"})
    if recipe.task == "instance":
        found |= _because("is for the task semantic", changed & {*VOXELWISE} | _changed(recipe.loss))
    if recipe.training.patience and not recipe.training.watch:
        found["patience"] = "needs patients to watch"
    return found


def _because(reason: str, names: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys(sorted(names), reason)


def _changed(part: Any) -> set[str]:
    """Fields that are not as they are by default."""
    return {field.name for field in fields(part) if getattr(part, field.name) != field.default}
