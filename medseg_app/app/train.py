"""Train a model from a recipe or a data set: what `medseg train` and `ms.train` do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from medseg_app.core.errors import CouldNotBeDone, WrongUse
from medseg_app.core.progress import Progress, part, silent

from .folders import Folders
from .recipes import AboutData, is_recipe, model_of, recipe_of

if TYPE_CHECKING:
    from medseg_app.engines.foreign.saved_transformer import SavedTransformer
    from medseg_app.engines.model_card import ModelCard
    from medseg_app.engines.model_folder import ModelFolder
    from medseg_app.training.recipe import Recipe


BEGINS_ANEW = (
    "an interrupted training of {name} is there, and this one begins anew; to go on with that instead, stop "
    "this one, rename {before} to {kept} and use --resume"
)
SEEN = "the model has learnt from patients before who are kept back now"


@dataclass(frozen=True)
class HowToTrain:
    """Choices for a training.

    base: what to start from: name or folder of a model, or for a Mask R-CNN a file of torchvision's weights,
    or for a Mask2Former or MaskFormer the folder, or the file of weights in it, that transformers saved.
    output: where the model folder goes (the user's models without it). go_on: as resume, but from the
    beginning where there is nothing to go on from. backbone: of a Mask R-CNN that learns from scratch.
    modality, absent: see AboutData.
    """

    name: str = ""
    task: Literal["semantic", "instance"] | None = None
    base: str = ""
    max_minutes: float | None = None
    device: str = "auto"
    output: Path | None = None
    resume: bool = False
    go_on: bool = False
    backbone: Literal["", "resnet18", "resnet50", "mobilenet"] = ""
    modality: Literal["", "CT", "MR", "PT"] = ""
    absent: Literal["", "unknown", "empty"] = ""

    @property
    def about(self) -> AboutData:
        """What the user says of the data."""
        return AboutData(self.modality, self.absent)


def train_model(
    path: Path, how: HowToTrain, progress: Progress = silent, say: Callable[[str], None] = lambda _: None
) -> Path:
    """Train from a recipe (TOML) or a data set, then measure on the patients kept back, where there are any.

    say: receives, before the first step, what was taken for granted of the data; the card says it too.
    Returns the folder of the finished model; its card holds the figures. Before that nothing stands
    under its name, but a checkpoint beside it, with which `resume` goes on.
    """
    from medseg_app.engines.device import choose_device
    from medseg_app.training.checkpoint import belongs_to, checkpoint_path, remove_checkpoints, set_aside
    from medseg_app.training.crew import Crew
    from medseg_app.training.model_output import refuse_unwritable
    from medseg_app.training.train import Keeping, train_into

    _require_sense(how)
    recipe = _recipe(path, how)
    refuse_unwritable(recipe)
    out = how.output or Folders.of_user().models / recipe.name
    _require_place(out)
    device, kept = choose_device(how.device), checkpoint_path(out)
    resume = how.resume or (how.go_on and belongs_to(kept, recipe))
    if not Crew.of_environment().leads:  # the process that leads does everything but the steps
        keeping = Keeping(kept, resume)
        train_into(recipe, out, keeping, device=device, max_minutes=how.max_minutes, progress=progress)
        return out
    recipe = _told(recipe, is_recipe(path), say)
    if how.resume and not kept.exists():
        say(f"no interrupted training of {out.name} is there to go on from, so it begins anew")
    with _only_training(out), _there_when_finished(out) as draft:
        if not resume and kept.exists():
            say(BEGINS_ANEW.format(name=out.name, before=set_aside(kept), kept=kept.name))
        train_into(
            recipe, draft, Keeping(kept, resume), device=device, max_minutes=how.max_minutes,
            progress=part(progress, 0.0, 0.9),
        )  # fmt: skip
        _measure_on_unseen(draft, recipe, device, part(progress, 0.9, 1.0), say)
    remove_checkpoints(kept)
    return out


def _measure_on_unseen(
    model: Path, recipe: Recipe, device: str, progress: Progress, say: Callable[[str], None]
) -> None:
    """Write the figures of a model into its card, where patients are kept back whom it never saw."""
    from medseg_app.training.dataset import find_cases
    from medseg_app.training.evaluate import evaluate_on
    from medseg_app.training.learnt import learnt_by, only_unseen

    kept_back = find_cases(recipe)
    split = only_unseen(kept_back, learnt_by(model))
    count, all_of_them = len(split.validation), len(kept_back.validation)
    if count < all_of_them:
        say(f"{SEEN}: {count} of {all_of_them} cases that are kept back are measured")
    if count:
        evaluate_on(split, model, recipe, device=device, progress=progress)


def _require_sense(how: HowToTrain) -> None:
    """Raises WrongUse for what the command line would not take, and a script may say."""
    if how.max_minutes is not None and not how.max_minutes > 0:
        raise WrongUse(f"Nothing is learnt in {how.max_minutes} minutes.", "Give a number above 0.")
    if how.task not in (None, "semantic", "instance"):
        raise WrongUse(f"There is no task {how.task!r} to train for.", "Choose semantic or instance.")


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


def _told(recipe: Recipe, is_own: bool, say: Callable[[str], None]) -> Recipe:
    """The recipe, after it was said how its cases are read; a data set's own has that for the card too."""
    from medseg_app.training.dataset import find_cases
    from medseg_app.training.how_read import how_read

    split = find_cases(recipe)
    told = how_read(recipe, split)
    for text in told if is_own else (recipe.data, *told):
        say(text)
    if split.left_out:
        say(f"left out: {', '.join(reference.name for reference in split.left_out)}")
    return recipe if is_own else replace(recipe, data="; ".join([recipe.data, *told]))


def _recipe(path: Path, how: HowToTrain) -> Any:
    from medseg_app.engines.foreign.saved_transformer import find_saved_transformer

    saved = find_saved_transformer(Path(how.base)) if how.base else None
    if saved is not None:
        recipe = _begun_with_transformer(path, saved, how)
    elif how.base and not Path(how.base).is_file():
        recipe = _begun_from_model(path, how)
    elif how.base or how.backbone:
        recipe = _mask_rcnn(path, how)
    else:
        recipe = recipe_of(path, how.task, how.about)
    return replace(recipe, name=how.name) if how.name else recipe


def _begun_with_transformer(path: Path, saved: SavedTransformer, how: HowToTrain) -> Any:
    from medseg_app.training.mask2former_recipe import begun_with_transformer

    _refuse_backbone(how)
    return begun_with_transformer(recipe_of(path, how.task or "instance", how.about), saved)


def _mask_rcnn(path: Path, how: HowToTrain) -> Any:
    """The recipe with the backbone that was chosen, or that of the weights it begins with."""
    from medseg_app.training.mask_rcnn_recipe import begun_with_weights, with_backbone

    recipe = recipe_of(path, how.task or "instance", how.about)
    if how.base:
        return begun_with_weights(recipe, Path(how.base), how.backbone)
    return with_backbone(recipe, how.backbone)


def _refuse_backbone(how: HowToTrain) -> None:
    if how.backbone:
        raise WrongUse("A model that is started from keeps its own backbone.", "Leave out --backbone.")


def _begun_from_model(path: Path, how: HowToTrain) -> Any:
    from medseg_app.training.fine_tuning import begun_from, replanned

    _refuse_backbone(how)
    base = model_of(how.base)
    recipe = recipe_of(path, how.task or _task_of(base), how.about, base.card.class_names)
    begun = begun_from(recipe, base)
    return begun if is_recipe(path) else replanned(begun)


def can_go_on(card: ModelCard) -> bool:
    """Whether a training can begin with a model: it is one, learns from masks, and its network is ours."""
    from medseg_app.engines.networks import BUILDERS

    return card.task in ("semantic", "instance") and card.network.name in BUILDERS


def _task_of(base: ModelFolder) -> Literal["semantic", "instance"]:
    if base.card.task == "interactive":
        raise WrongUse(f"{base.card.name} learns nothing here.", "Start from another model.")
    if base.card.task == "panoptic":
        raise WrongUse(f"{base.card.name} is several models.", "Start from one of them.")
    return base.card.task


def remarks_of(folder: Path) -> tuple[str, ...]:
    """What a user should know of a finished training: what became of his data, and of a file of weights."""
    from medseg_app.training.beginning import DOCUMENT
    from medseg_app.training.model_output import NOTES

    document, notes = folder / DOCUMENT, folder / NOTES
    told = notes.read_text(encoding="utf-8").splitlines() if notes.is_file() else []
    if document.is_file():
        first, _, _ = document.read_text(encoding="utf-8").partition("\n")
        told.append(f"{first}; {document} names each")
    return tuple(told)
