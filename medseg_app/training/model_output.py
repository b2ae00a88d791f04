"""From a trained network to a model folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from medseg_app.core.errors import InputError
from medseg_app.engines.model_card import ModelCard, ModelGrid
from medseg_app.engines.model_folder import card_problem
from medseg_app.engines.model_folder_writer import Papers, write_model_folder
from medseg_app.engines.network_steps import fitting_patch
from medseg_app.engines.slice_tiles import takes_slices

from .beginning import DOCUMENT, Beginning
from .curves import CSV_NAME, PNG_NAME, CurvePoint, curve_csv, curve_png
from .learnt import DOCUMENT as LEARNT
from .learnt import as_document
from .model_readme import model_readme
from .recipe import Recipe

if TYPE_CHECKING:
    from torch import nn


NOTES = "docs/notes.txt"
"""Where a model folder tells what became of the user's data, one note a line."""


def card_of(recipe: Recipe, trained: str = "") -> ModelCard:
    """The card of the model that a recipe makes; figures are added by `evaluate_model`."""
    return ModelCard(
        name=recipe.name,
        version=recipe.version,
        engine=recipe.engine,
        task=recipe.task,
        modality=recipe.modality,
        licence=recipe.licence,
        labels=recipe.labels,
        network=recipe.network,
        grid=_grid(recipe),
        unions=recipe.unions,
        preprocessing=recipe.preprocessing,
        thresholds=recipe.thresholds,
        summary=recipe.summary,
        data="; ".join(text for text in (recipe.data, *recipe.notes) if text),
        trained=trained,
    )


def refuse_unwritable(recipe: Recipe) -> None:
    """Raises InputError where no card could be written of the model, before hours were spent on it."""
    problem = card_problem(card_of(recipe))
    if problem:
        raise InputError(
            f"No model {recipe.name!r} can be made of {recipe.path.parent}: {problem}.",
            "Choose another name, or mend what the data set or recipe says.",
        )


def _grid(recipe: Recipe) -> ModelGrid:
    """The frame of the recipe; of a network for volumes with the patch that it learns on."""
    sees_volumes = recipe.task == "semantic" and not takes_slices(recipe.network)
    patch = fitting_patch(recipe.network, recipe.training.patch) if sees_volumes else None
    return replace(recipe.grid, patch=patch)


@dataclass(frozen=True)
class Effort:
    """What a training took: its curve, its device, and the file of weights that it began with, if any.

    best_step: the step whose weights are shipped, where these are not the last. learnt: see learnt.py.
    """

    curve: list[CurvePoint]
    device: str
    beginning: Beginning | None = None
    best_step: int | None = None
    learnt: frozenset[str] = frozenset()

    @property
    def words(self) -> str:
        """How long it took on what, from what on."""
        end, begun = self.curve[-1], f", {self.beginning.summary}" if self.beginning else ""
        minutes = max(round(end.seconds / 60), 1)
        best = "" if self.best_step is None else f" (the weights are those of step {self.best_step})"
        return f"{end.step} steps{best} in {minutes} minutes on {_computer(self.device)}{begun}"


def write_trained_model(recipe: Recipe, network: nn.Module, out: Path, effort: Effort) -> None:
    """Write the model folder of a finished training."""
    from medseg_app.engines.weights import pack_weights

    documents = {CSV_NAME: curve_csv(effort.curve), PNG_NAME: curve_png(effort.curve, recipe.name)}
    if effort.learnt:
        documents[LEARNT] = as_document(effort.learnt)
    if effort.beginning is not None:
        documents[DOCUMENT] = effort.beginning.document().encode()
    if recipe.notes:
        documents[NOTES] = "".join(f"{note}\n" for note in recipe.notes).encode()
    weights = pack_weights(network, half=recipe.training.half)
    card = card_of(recipe, effort.words)
    write_model_folder(out, card, weights, Papers(model_readme(card), documents=documents))


def _computer(device: str) -> str:
    import torch

    cores = torch.get_num_threads()
    on_processor = f"{cores} {'core' if cores == 1 else 'cores'} of a processor"
    what = torch.cuda.get_device_name(device) if device.startswith("cuda") else on_processor
    return "an Apple GPU" if device == "mps" else what
