"""Measure a model on patients it never saw: what `medseg measure` and `ms.measure` do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from medseg_app.core.progress import Progress, silent

from .recipes import model_of, recipe_of


def measure(path: Path, model: str = "", device: str = "auto", progress: Progress = silent) -> dict[str, Any]:
    """`{model, sha256, device, figures, card}`: figures measured now, and those that the card states.

    path: the recipe, or the data set, whose validation patients are used. model: name or folder; the name
    in the recipe without it. Nothing is written. Raises InputError, ModelError, WrongUse, Cancelled.
    """
    from medseg_app.engines.device import choose_device
    from medseg_app.training.evaluate import measure_model

    recipe = recipe_of(path)
    folder = model_of(model or recipe.name)
    chosen = choose_device(device)
    # The model decides what is measured: the recipe of a data set cannot know whether findings are meant.
    recipe = replace(recipe, labels=folder.card.labels, task=folder.card.task)
    figures = measure_model(folder, recipe, device=chosen, progress=progress)
    return {
        "model": folder.card.name,
        "sha256": folder.card.sha256,
        "device": chosen,
        "figures": figures,
        "card": folder.card.figures,
    }
