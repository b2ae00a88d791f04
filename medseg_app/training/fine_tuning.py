"""Fine-tuning: the recipe of a training that goes on from the weights of a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medseg_app.core.errors import ModalityError, WrongUse
from medseg_app.engines.fit import fit_volume
from medseg_app.engines.model_card import ModelCard, ModelGrid, Network
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.network_steps import fitting_patch
from medseg_app.engines.slice_tiles import takes_slices

from .class_match import match_classes
from .dataset import find_cases, model_spacing
from .plan_unet import VOXELS, cubic_patch
from .recipe import Recipe
from .references import Reference
from .score_threshold import MIN_SCORE
from .usual_training import judged

MEASURED = 5
"""So many images, spread evenly, tell how large images are in the frame of the model."""
LONGEST_EDGE = 256
"""Of a patch for networks that take slices."""
CLASS_COUNTS = ("out_channels", "num_classes")
"""Arguments of networks that say how many classes they tell apart, with the background."""


def begun_from(recipe: Recipe, base: ModelFolder) -> Recipe:
    """The recipe with network, frame and preprocessing of the model whose weights it starts from.

    Raises WrongUse where nothing tells which classes are the model's, ModalityError where the model does
    not read the images.
    """
    card = base.card
    if recipe.task != card.task:
        raise WrongUse(
            f"{card.name} is a model for the task {card.task}, not {recipe.task}.",
            "Start from one of the same task.",
        )
    _require_modality(recipe, card)
    match = match_classes(recipe, card)
    network, thresholds = card.network, card.thresholds
    if match.labels != card.labels:
        network = _for_classes(card, len(match.labels))
        thresholds = {name: value for name, value in thresholds.items() if name != MIN_SCORE}
    loss, left_out = judged(recipe.loss, network)
    begun = replace(
        recipe, start_from=base.path, engine=card.engine, network=network, labels=dict(match.labels),
        unions=card.unions if match.labels == card.labels else {},
        loss=loss,
        preprocessing=card.preprocessing, grid=card.grid, modality=card.modality, thresholds=thresholds,
        source=replace(recipe.source, values=dict(match.values)),
        headline=tuple(value for value in recipe.headline if value in match.labels),
        notes=(*recipe.notes, *match.notes, *filter(None, [left_out])),
        data=f"{recipe.data.rstrip('.')}; begun with {card.name} {card.version}".removeprefix("; "),
    )  # fmt: skip
    return _with_fitting_patches(begun)


def replanned(recipe: Recipe) -> Recipe:
    """The recipe with a patch for its images in the frame of the model that it starts from.

    What was planned for the data set alone is in the data's own voxels.
    """
    if recipe.task != "semantic":
        return recipe
    training = replace(recipe.training, patch=_planned(recipe), first_patch=None)
    return _with_fitting_patches(replace(recipe, training=training))


def _planned(recipe: Recipe) -> tuple[int, int, int]:
    """The tile of the model where it has one, else what suits the images."""
    if recipe.grid.tile is not None:
        return recipe.grid.tile
    training = find_cases(recipe).train
    chosen = training[:: -(-len(training) // MEASURED)]
    measured = [_in_frame(reference, recipe.grid) for reference in chosen]
    shape, spacing = np.median(measured, axis=0)
    if takes_slices(recipe.network):
        j, i = (min(int(edge), LONGEST_EDGE) for edge in shape[1:])
        return max(min(VOXELS // (j * i), int(shape[0])), 1), j, i
    k, j, i = (int(edge) for edge in cubic_patch(shape, spacing))
    return k, j, i


def _in_frame(reference: Reference, grid: ModelGrid) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Shape (k, j, i) and voxel size in mm of an image in the frame of the model."""
    volume, _ = reference.read()
    fit = fit_volume(volume.geometry, grid)
    return fit.model_shape, model_spacing(volume, fit)


def _with_fitting_patches(recipe: Recipe) -> Recipe:
    """The recipe with patches that its voxelwise network can take."""
    training = recipe.training
    if recipe.task != "semantic":
        return recipe
    first = training.first_patch
    first = None if first is None else fitting_patch(recipe.network, first)
    patch = fitting_patch(recipe.network, training.patch)
    return replace(recipe, training=replace(training, patch=patch, first_patch=first))


def _require_modality(recipe: Recipe, card: ModelCard) -> None:
    if recipe.source.kind == "coco":  # whose pictures do not say what took them
        return
    strange = [modality for modality in recipe.modality if modality not in card.modality]
    if strange:
        raise ModalityError(
            f"The images are {' and '.join(strange)}, and {card.name} reads {' or '.join(card.modality)} "
            "only.",
            f"Start from a model that reads {strange[0]}, or train a new one. If the images are something "
            "else, say so in the channel_names of their dataset.json.",
        )


def _for_classes(card: ModelCard, count: int) -> Network:
    """The network of a card for so many classes."""
    arguments = card.network.arguments
    word = next((word for word in CLASS_COUNTS if arguments.get(word) == len(card.labels) + 1), None)
    if word is None:
        raise WrongUse(
            f"The network {card.network.name} of {card.name} cannot be given other classes.",
            f"Name the classes as the model does ({', '.join(c.name for c in card.labels.values())}), or "
            "train a new model.",
        )
    return replace(card.network, arguments={**arguments, word: count + 1})
