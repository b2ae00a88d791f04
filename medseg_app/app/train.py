"""Train a model from a recipe or a data set: what `medseg train` and `ms.train` do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from medseg_app.core.errors import InputError
from medseg_app.core.progress import Progress, silent

from .folders import Folders


@dataclass(frozen=True)
class HowToTrain:
    """Choices for a training. output: where the model folder goes (the user's models without it)."""

    name: str = ""
    task: Literal["semantic", "instance"] | None = None
    base: str = ""
    max_minutes: float | None = None
    device: str = "auto"
    output: Path | None = None
    resume: bool = False


def train_model(path: Path, how: HowToTrain, progress: Progress = silent) -> Path:
    """Train from a recipe (TOML) or a data set; returns the folder of the finished model."""
    from medseg_app.engines.device import choose_device
    from medseg_app.training.train import run_training

    if not path.exists():
        raise InputError(f"{path} does not exist.", "Check the name.")
    recipe = _recipe(path, how)
    out = how.output or Folders.of_user().models / recipe.name
    out.parent.mkdir(parents=True, exist_ok=True)
    return run_training(
        recipe, out, device=choose_device(how.device), resume=how.resume, max_minutes=how.max_minutes,
        progress=progress,
    )  # fmt: skip


def _recipe(path: Path, how: HowToTrain) -> Any:
    from medseg_app.training.recipe import read_recipe

    if path.suffix.lower() == ".toml":
        recipe = read_recipe(path)
    else:
        from medseg_app.training.fingerprint import recipe_for

        recipe = recipe_for(path, how.task)
    return replace(recipe, name=how.name) if how.name else recipe
