"""Measure a model on patients it never saw: what `medseg measure` and `ms.measure` do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medseg_app.core.errors import WrongUse
from medseg_app.core.progress import Progress, part, silent

from .recipes import AboutData, model_of, recipe_of

if TYPE_CHECKING:
    from medseg_app.engines.backend import Backend
    from medseg_app.engines.model_folder import ModelFolder
    from medseg_app.training.recipe import Recipe


def measure(
    path: Path, model: str = "", device: str = "auto", keep: bool = False, progress: Progress = silent,
    about: AboutData | None = None,
) -> dict[str, Any]:  # fmt: skip
    """`{model, sha256, device, figures, card}`: figures measured now, and those that the card states.

    path: the recipe, or the data set, whose validation patients are used. model: name or folder; the name
    in the recipe without it. keep: write the figures into the card; else nothing is written. about: what
    the training was told of the data.
    Raises InputError, ModelError, WrongUse, Cancelled.
    """
    from medseg_app.training.evaluate import measure_model
    from medseg_app.training.rewrite_card import rewrite_card

    job = _job(path, model, device, keep, about)
    figures = measure_model(job.folder, job.recipe, device=job.device, progress=progress)
    if keep:
        rewrite_card(job.folder, replace(job.folder.card, figures=figures))
    return {**job.document(), "figures": figures, "card": job.folder.card.figures}


def measure_closeness(
    path: Path, model: str = "", device: str = "auto", keep: bool = False, progress: Progress = silent,
    about: AboutData | None = None,
) -> dict[str, Any]:  # fmt: skip
    """`{model, sha256, device, backends, card}`: how close "exact" and "fast" come to torch in float32.

    Of a few of the validation patients; else as `measure`. Each backend is an object with the names of
    `engines.backend.Backend`, and `is_close`: whether it is used.
    """
    from medseg_app.training.backend_figures import measure_backends, with_backends
    from medseg_app.training.input_ranges import with_eight_bits
    from medseg_app.training.rewrite_card import rewrite_card

    job = _job(path, model, device, keep, about)
    folder = job.folder
    if folder.parts:
        raise WrongUse(
            f"{folder.card.name} is several models, each of them measured by itself.", "Name one of them."
        )
    if not folder.card.eight_bits:
        folder = with_eight_bits(folder, job.recipe, job.device, part(progress, 0.0, 0.3))
    found = measure_backends(folder, job.recipe, device=job.device, progress=part(progress, 0.3, 1.0))
    card = with_backends(folder.card, found)
    if keep:
        rewrite_card(job.folder, card)
    return {**job.document(), "backends": _lines(found), "card": _lines(job.folder.card.backends)}


@dataclass(frozen=True)
class _Job:
    folder: ModelFolder
    recipe: Recipe
    device: str

    def document(self) -> dict[str, Any]:
        """What every answer begins with."""
        return {"model": self.folder.card.name, "sha256": self.folder.card.sha256, "device": self.device}


def _job(path: Path, model: str, device: str, keep: bool, about: AboutData | None) -> _Job:
    """What is measured on what; nothing begins before it is known that the result may be kept."""
    from medseg_app.engines.device import choose_device
    from medseg_app.training.annotated import with_classes_of
    from medseg_app.training.rewrite_card import require_own

    named = model_of(model) if model else None
    recipe = recipe_of(path, about=about, known=named.card.class_names if named else ())
    folder = named or model_of(recipe.name)
    if keep:
        require_own(folder)
    # The model decides what is measured: the recipe of a data set cannot know whether findings are meant.
    recipe = with_classes_of(recipe, folder.card)
    return _Job(folder, recipe, choose_device(device))


def _lines(backends: Sequence[Backend]) -> list[dict[str, Any]]:
    return [{**asdict(one), "is_close": one.is_close} for one in backends]
