"""From a trained network to a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from medseg_app.engines.model_card import ModelCard
from medseg_app.engines.model_folder_writer import Papers, write_model_folder

from .curves import CSV_NAME, PNG_NAME, CurvePoint, curve_csv, curve_png
from .recipe import Recipe

if TYPE_CHECKING:
    from torch import nn


def card_of(recipe: Recipe, figures: dict[str, Any] | None = None) -> ModelCard:
    """The card of the model that a recipe makes."""
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
        figures=figures or {},
        summary=recipe.summary,
        data=recipe.data,
    )


def write_trained_model(recipe: Recipe, network: nn.Module, out: Path, curve: list[CurvePoint]) -> None:
    """Write the model folder of a finished training; figures are added by `evaluate_model`."""
    from medseg_app.engines.weights import pack_weights

    documents = {CSV_NAME: curve_csv(curve), PNG_NAME: curve_png(curve, recipe.name)}
    weights = pack_weights(network, half=recipe.training.half)
    write_model_folder(out, card_of(recipe), weights, Papers(documents=documents))
