"""evaluate_model: a shipped weight file through the shipped inference path, on patients it never saw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from medseg_app.core.progress import Progress, part, silent
from medseg_app.engines.model_folder import ModelFolder, read_model_folder
from medseg_app.engines.predict import build_engine

from .backend_figures import backends_on, with_backends
from .dataset import Split
from .disturbed_figures import measure_disturbed
from .input_ranges import with_eight_bits
from .instance_figures import measure_instances
from .learnt import unseen_cases
from .recipe import Recipe
from .rewrite_card import rewrite_card
from .semantic_figures import measure_semantic


def evaluate_model(
    path: Path, recipe: Recipe, *, device: str = "cpu", progress: Progress = silent
) -> dict[str, Any]:
    """Measure a model folder (see `measure_model`, `measure_backends`) and write all of it into its card."""
    return evaluate_on(unseen_cases(recipe, path), path, recipe, device=device, progress=progress)


def evaluate_on(
    split: Split, path: Path, recipe: Recipe, *, device: str = "cpu", progress: Progress = silent
) -> dict[str, Any]:
    """The same on the validation patients of a split, of whom the model has learnt nothing."""
    folder = with_eight_bits(read_model_folder(path), recipe, device, part(progress, 0.0, 0.1))
    looks = part(progress, 0.1, 0.2)
    backends = backends_on(split.validation, folder, device=device, progress=looks)
    folder = replace(folder, card=with_backends(folder.card, backends))
    figures = _figures_on(split, folder, recipe, device, part(progress, 0.2, 1.0))
    rewrite_card(folder, replace(folder.card, figures=figures))
    return figures


def measure_model(
    folder: ModelFolder, recipe: Recipe, *, device: str = "cpu", progress: Progress = silent
) -> dict[str, Any]:
    """The figures of a model on the validation patients of a recipe; undefined ones are None.

    Patients of whom the model has learnt are left out. Raises InputError where the recipe keeps no patient
    for validation or none is left, ModelError where the folder is not sound, Cancelled where progress says
    so.
    """
    unseen = unseen_cases(recipe, *(one.path for one in folder.models))
    return _figures_on(unseen, folder, recipe, device, progress)


def _figures_on(
    split: Split, folder: ModelFolder, recipe: Recipe, device: str, progress: Progress
) -> dict[str, Any]:
    engine = build_engine(folder)
    if recipe.gives_findings:
        return measure_instances(engine, recipe, split, device, progress)
    if recipe.source.kind != "tissues":
        return measure_semantic(engine, recipe, split.validation, device, progress)
    figures = measure_semantic(engine, recipe, split.validation, device, part(progress, 0.0, 0.5))
    disturbed = measure_disturbed(engine, recipe, split.validation, device, part(progress, 0.5, 1.0))
    return {**figures, "disturbed": disturbed}
