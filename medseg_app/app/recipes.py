"""Recipes and models as they are named on the command line and in the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from medseg_app.core.errors import InputError, ModelError

if TYPE_CHECKING:
    from medseg_app.engines.model_folder import ModelFolder
    from medseg_app.training.recipe import Recipe


def recipe_of(path: Path, task: Literal["semantic", "instance"] | None = None) -> Recipe:
    """The recipe in a TOML file, or the one that follows from a data set.

    Raises InputError where there is neither.
    """
    from medseg_app.training.fingerprint import recipe_for
    from medseg_app.training.recipe import read_recipe

    if not path.exists():
        raise InputError(f"{path} does not exist.", "Check the name.")
    return read_recipe(path) if path.suffix.lower() == ".toml" else recipe_for(path, task)


def model_of(name: str) -> ModelFolder:
    """The model of a name, or in a folder. Raises ModelError where there is none that can be trained."""
    from medseg_app.engines.model_folder import read_model_folder
    from medseg_app.engines.registry import find_model

    try:
        found = find_model(name)
    except ModelError as error:
        if Path(name).is_dir():
            return read_model_folder(Path(name))
        hint = f"{error.hint} Or give the path of a model folder, or of a file of weights."
        raise ModelError(error.message, hint) from error
    if found.package:
        raise ModelError(
            f"{name} belongs to the package {found.package} and can only be run here.",
            "Name a model with a model folder.",
        )
    return found
