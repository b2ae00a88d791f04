"""Look after models: compare every file with its checksum, remove one of the user's."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg_app.core.errors import CouldNotBeDone, ModelError, WrongUse

from .folders import Folders


@dataclass(frozen=True)
class Verified:
    """One model folder and what is wrong with it; no problems: every file is as it was made."""

    name: str
    folder: Path
    files: int
    problems: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return {
            "name": self.name,
            "folder": str(self.folder),
            "files": self.files,
            "ok": not self.problems,
            "problems": list(self.problems),
        }


def verify_models(name: str = "", extra: Path | None = None) -> list[Verified]:
    """Compare the SHA-256 of every file of every model folder, or of the one of this name.

    extra: a folder with models that comes before all others. Raises ModelError for an unknown name and for
    a model of another package, whose files came without checksums.
    """
    from medseg_app.engines.model_folder import names_of
    from medseg_app.engines.registry import search_models

    search = search_models(extra)
    found = [_verify(model.card.name, model) for model in search.models if not model.package]
    for path, error in search.refused:
        names = names_of(path)
        found.append(Verified(name if name in names else names[0], path, 0, (str(error),)))
    chosen = [one for one in found if name in ("", one.name)]
    if name and not chosen:
        _refuse_package(name, search)
        there = ", ".join(sorted(one.name for one in found)) or "none"
        raise ModelError(f"There is no model {name}.", f"Models found: {there}.")
    return chosen


def remove_model(name: str, models: Path | None = None) -> Path:
    """Remove one of the user's models; says which folder is gone. Shipped models are never removed.

    models: the folder that holds the user's; where the system keeps them without it.
    Raises WrongUse where the user has no model of this name.
    """
    from medseg_app.io.atomic import temporary_prefix

    place = models or Folders.of_user().models
    folder = next((path for path in models_of_user(place) if name_of(path) == name), None)
    if folder is None:
        names = ", ".join(map(name_of, models_of_user(place))) or "none"
        raise WrongUse(f"{name} is not one of your own models in {place}.", f"Yours are: {names}.")
    gone = place / f"{temporary_prefix()}{folder.name}"
    try:
        folder.replace(gone)  # it has no name any more at once, whatever happens while files are deleted
        shutil.rmtree(gone)
    except OSError as error:
        raise CouldNotBeDone(
            f"{folder} cannot be removed ({error.strerror}).", "Look at your rights to that folder."
        ) from error
    return folder


def _refuse_package(name: str, search: Any) -> None:
    package = next((model.package for model in search.models if model.card.name == name), "")
    if package:
        raise ModelError(
            f"{name} belongs to the package {package}, which has no checksums for its weights.",
            "Its results name the SHA-256 of the weights that made them.",
        )


def _verify(name: str, model: Any) -> Verified:
    from medseg_app.engines.checksums import CHECKSUMS, read_checked

    problems = []
    for file in model.checksums:
        try:
            read_checked(model.path, file, model.checksums)
        except ModelError as error:
            problems.append(error.message)
    known = {*model.checksums, CHECKSUMS}
    for path in sorted(model.path.rglob("*")):
        if path.is_file() and path.relative_to(model.path).as_posix() not in known:
            problems.append(f"{path} does not belong to the model.")
    return Verified(name, model.path, len(model.checksums), tuple(problems))


def models_of_user(place: Path) -> list[Path]:
    """The folders in a place that hold a card, damaged models too."""
    from medseg_app.engines.model_folder import CARD

    if not place.is_dir():
        return []
    return [path for path in sorted(place.iterdir()) if path.name[0] != "." and (path / CARD).is_file()]


def name_of(folder: Path) -> str:
    """The name on the card of a model folder, also of a damaged one where it can be read."""
    from medseg_app.engines.model_folder import names_of

    return names_of(folder)[0]
