"""Train a model from a recipe or a data set: what `medseg train` and `ms.train` do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from medseg_app.core.errors import CouldNotBeDone, WrongUse
from medseg_app.core.progress import Progress, part, silent

from .folders import Folders
from .recipes import model_of, recipe_of


@dataclass(frozen=True)
class HowToTrain:
    """Choices for a training.

    base: name or folder of the model to start from. output: where the model folder goes (the user's
    models without it).
    """

    name: str = ""
    task: Literal["semantic", "instance"] | None = None
    base: str = ""
    max_minutes: float | None = None
    device: str = "auto"
    output: Path | None = None
    resume: bool = False


def train_model(path: Path, how: HowToTrain, progress: Progress = silent) -> Path:
    """Train from a recipe (TOML) or a data set, then measure on the patients kept back, where there are any.

    Returns the folder of the finished model; its card holds the figures. Before that nothing stands
    under its name, but a checkpoint beside it, with which `resume` goes on.
    """
    from medseg_app.engines.device import choose_device
    from medseg_app.training.checkpoint import checkpoint_path
    from medseg_app.training.dataset import find_cases
    from medseg_app.training.evaluate import evaluate_model
    from medseg_app.training.train import Keeping, train_into

    recipe = _recipe(path, how)
    out = how.output or Folders.of_user().models / recipe.name
    _require_place(out)
    device, kept = choose_device(how.device), checkpoint_path(out)
    with _only_training(out), _there_when_finished(out) as draft:
        train_into(
            recipe, draft, Keeping(kept, how.resume), device=device, max_minutes=how.max_minutes,
            progress=part(progress, 0.0, 0.9),
        )  # fmt: skip
        if find_cases(recipe).validation:
            evaluate_model(draft, recipe, device=device, progress=part(progress, 0.9, 1.0))
    kept.unlink(missing_ok=True)
    return out


@contextmanager
def _only_training(out: Path) -> Iterator[None]:
    """Refuse a second training into the same folder: each would write over the steps of the other."""
    from filelock import FileLock, Timeout

    _make_folder(out.parent)
    lock = FileLock(out.with_name(f".{out.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise WrongUse(
            f"Another training is writing {out}.", "Wait until it ends, or choose another place with -o."
        ) from error
    try:
        yield
    finally:
        # Removed while it is held: a file removed later might be the lock of the next training.
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CouldNotBeDone(
            f"The folder {folder} cannot be made ({error.strerror}).", "Choose another place with -o."
        ) from error


@contextmanager
def _there_when_finished(out: Path) -> Iterator[Path]:
    """Yield another name for a model folder, which takes its own when the block ends well."""
    from medseg_app.engines.model_folder_writer import swap_folder
    from medseg_app.io.atomic import remove_remains, temporary_prefix

    remove_remains(out.parent)
    draft = out.with_name(f"{temporary_prefix()}{out.name}")
    try:
        yield draft
        swap_folder(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _require_place(out: Path) -> None:
    """Refuse a place that holds anything but an older model: the finished model replaces what is there."""
    from medseg_app.engines.model_folder import CARD

    if not out.exists() or (out / CARD).is_file() or (out.is_dir() and not any(out.iterdir())):
        return
    raise WrongUse(
        f"{out} is there already and is no model; it would be replaced.", "Give -o the name of a new folder."
    )


def _recipe(path: Path, how: HowToTrain) -> Any:
    recipe = recipe_of(path, how.task)
    if how.base:
        recipe = _begun_from(recipe, how.base)
    return replace(recipe, name=how.name) if how.name else recipe


def _begun_from(recipe: Any, base: str) -> Any:
    """The recipe with network, classes and preprocessing of the model whose weights it starts from."""
    folder = model_of(base)
    card = folder.card
    if card.engine != recipe.engine:
        raise WrongUse(f"{base} is a model for another task.", "Start from one of the same task.")
    return replace(
        recipe, start_from=folder.path, network=card.network, labels=card.labels,
        preprocessing=card.preprocessing, grid=card.grid,
    )  # fmt: skip
