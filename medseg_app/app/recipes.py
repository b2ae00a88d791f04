"""Recipes and models as they are named on the command line and in the window."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from medseg_app.core.errors import InputError, ModelError, WrongUse

if TYPE_CHECKING:
    from medseg_app.engines.model_folder import ModelFolder
    from medseg_app.training.recipe import Recipe


@dataclass(frozen=True)
class AboutData:
    """What the user says of a data set that it does not say itself.

    modality: of its images. absent: whether a class without a voxel in a case is unknown in it, or empty.
    """

    modality: Literal["", "CT", "MR", "PT"] = ""
    absent: Literal["", "unknown", "empty"] = ""


def is_recipe(path: Path) -> bool:
    """Whether a path is that of a recipe, rather than of a data set."""
    return path.suffix.lower() == ".toml"


def recipe_of(
    path: Path,
    task: Literal["semantic", "instance"] | None = None,
    about: AboutData | None = None,
    known: Collection[str] = (),
) -> Recipe:
    """The recipe in a TOML file, or the one that follows from a data set.

    known: names of the classes of a model that is there already, which a data set may name without showing
    them. Raises InputError where there is neither, WrongUse for a modality beside a recipe, which has its
    own.
    """
    from medseg_app.training.fingerprint import recipe_for
    from medseg_app.training.recipe import read_recipe

    if not path.exists():
        raise InputError(f"{path} does not exist.", "Check the name.")
    about = about or AboutData()
    if is_recipe(path) and about.modality:
        raise WrongUse(f"The recipe {path} names the modality itself.", "Leave out --modality.")
    recipe = read_recipe(path) if is_recipe(path) else recipe_for(path, task, about.modality, known)
    return replace(recipe, source=replace(recipe.source, absent=about.absent or recipe.source.absent))


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
