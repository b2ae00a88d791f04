"""Which models and engines are there: folders searched in order, engines by entry point; no torch."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from medseg_app.core.errors import ModelError

from .combined_model import combine
from .contract import EngineClass
from .joined_card import JOINT
from .model_folder import CARD, ModelFolder, names_of, read_model_folder
from .package_models import models_of_packages
from .user_folders import user_folder

ENGINE_GROUP = "medseg_app.engines"
MODELS_VARIABLE = "MEDSEG_MODELS"


@dataclass(frozen=True)
class ModelSearch:
    """The models found, and every folder that looked like a model but was refused, with its error.

    absent: packages whose models could be there too, with how to install them.
    """

    models: tuple[ModelFolder, ...]
    refused: tuple[tuple[Path, ModelError], ...]
    absent: tuple[tuple[str, ModelError], ...] = ()


def model_places(extra: Path | None = None) -> list[Path]:
    """Folders that are searched for models, first one first; some may not exist.

    Order: `extra` (--models), MEDSEG_MODELS, the user's data folder, the models that are shipped.
    """
    stated = [Path(part) for part in os.environ.get(MODELS_VARIABLE, "").split(os.pathsep) if part]
    checkout = Path(__file__).resolve().parents[2] / "models"
    installed = Path(sysconfig.get_path("data")) / "share" / "medseg" / "models"
    return [*([extra] if extra else []), *stated, user_folder("data") / "models", checkout, installed]


def search_models(extra: Path | None = None) -> ModelSearch:
    """Look for models in all places, then in other packages; of two with one name the first found counts.

    That holds for a refused folder as well: whoever puts a model before another means the first one, and
    is not handed the other in silence where it was changed. Raises ModelError where `extra` does not exist.
    """
    if extra is not None and not extra.is_dir():
        raise ModelError(f"There is no folder {extra} to look for models in.", "Check the path.")
    models: dict[str, ModelFolder] = {}
    hidden: set[str] = set()
    refused: list[tuple[Path, ModelError]] = []
    for folder in _candidates(model_places(extra)):
        try:
            model = read_model_folder(folder)
        except ModelError as error:
            refused.append((folder, error))
            hidden |= set(names_of(folder)) - set(models)
            continue
        if model.card.name not in hidden:
            models.setdefault(model.card.name, model)
    packages = models_of_packages()
    for model in packages.models:
        if model.card.name not in hidden:
            models.setdefault(model.card.name, model)
    broken = ((Path(name), error) for name, error in packages.broken)
    return ModelSearch(tuple(models.values()), (*refused, *broken), packages.absent)


def find_models(extra: Path | None = None) -> list[ModelFolder]:
    """The models that can be used, in the order of their places."""
    return list(search_models(extra).models)


def find_model(name: str, extra: Path | None = None) -> ModelFolder:
    """The model of a name, or of several joined by +, which run as one (see combined_model.py).

    Raises ModelError: unknown name (with those found), a refused folder, or models that do not combine.
    """
    search = search_models(extra)
    if JOINT in name:
        return combine(tuple(_find(part, search) for part in name.split(JOINT)))
    return _find(name, search)


def _find(name: str, search: ModelSearch) -> ModelFolder:
    for model in search.models:
        if model.card.name == name:
            return model
    for folder, error in search.refused:
        if name in names_of(folder):
            raise error
    for package, error in search.absent:
        if name.startswith(package):
            raise error
    names = ", ".join(model.card.name for model in search.models) or "none"
    raise ModelError(f"There is no model {name}.", f"Models found: {names}.")


def engine_names() -> list[str]:
    """Names of the engines that are installed; none of them is loaded."""
    return sorted(entry_points(group=ENGINE_GROUP).names)


def load_engine(name: str) -> EngineClass:
    """The engine of a name (this may import torch).

    Raises ModelError where it is not installed, or where a plug-in fails while it is loaded.
    """
    found = tuple(entry_points(group=ENGINE_GROUP, name=name))
    if not found:
        known = ", ".join(engine_names()) or "none"
        raise ModelError(f"The engine {name} is not installed.", f"Engines installed: {known}.")
    return _load(found[0])


def _load(entry: EntryPoint) -> EngineClass:
    try:
        engine: EngineClass = entry.load()
    except Exception as error:  # a stranger's plug-in may fail in any way while it is imported
        package = entry.dist.name if entry.dist else entry.value
        raise ModelError(
            f"The engine {entry.name} of {package} cannot be loaded ({error}).",
            "Update or remove that package.",
        ) from error
    return engine


def _candidates(places: list[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for place in places:
        if not place.is_dir():
            continue
        for folder in sorted(place.iterdir()):
            if (folder / CARD).is_file() and folder.resolve() not in seen and folder.name[0] != ".":
                seen.add(folder.resolve())
                yield folder
