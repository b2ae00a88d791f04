"""From a trained network to a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from medseg_app.engines.model_card import ModelCard
from medseg_app.engines.model_folder_writer import Papers, write_model_folder

from .curves import CSV_NAME, PNG_NAME, CurvePoint, curve_csv, curve_png
from .recipe import Recipe

if TYPE_CHECKING:
    from torch import nn


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
        grid=recipe.grid,
        preprocessing=recipe.preprocessing,
        thresholds=recipe.thresholds,
        summary=recipe.summary,
        data=recipe.data,
        trained=trained,
    )


def write_trained_model(
    recipe: Recipe, network: nn.Module, out: Path, curve: list[CurvePoint], device: str
) -> None:
    """Write the model folder of a training that was finished on a device."""
    from medseg_app.engines.weights import pack_weights

    documents = {CSV_NAME: curve_csv(curve), PNG_NAME: curve_png(curve, recipe.name)}
    weights = pack_weights(network, half=recipe.training.half)
    write_model_folder(out, card_of(recipe, _effort(curve[-1], device)), weights, Papers(documents=documents))


def _effort(end: CurvePoint, device: str) -> str:
    """How long a training took on what."""
    import torch

    cores = torch.get_num_threads()
    on_processor = f"{cores} {'core' if cores == 1 else 'cores'} of a processor"
    what = torch.cuda.get_device_name(device) if device.startswith("cuda") else on_processor
    computer = "an Apple GPU" if device == "mps" else what
    return f"{end.step} steps in {max(round(end.seconds / 60), 1)} minutes on {computer}"
