"""A few images of a recipe, on which something is measured in short time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from medseg_app.core.box import Box
from medseg_app.core.volume import Volume
from medseg_app.engines.fit import fit_volume
from medseg_app.engines.model_card import ModelCard

from .references import Reference

MOST_IMAGES = 4
MOST_MILLIONS = 2.0
"""Voxels of the model's grid, in millions: of a larger image the slices in the middle are enough."""


def few_images(references: Sequence[Reference], card: ModelCard) -> list[Volume]:
    """At most four of them, spread evenly, none larger than a model can see in a few seconds."""
    chosen = references[:: -(-len(references) // MOST_IMAGES) or 1]
    return [_middle(replace(one.read()[0], modality=one.modality), card) for one in chosen]


def millions(image: Volume, card: ModelCard) -> float:
    """Voxels of an image on the grid of a model, in millions."""
    return float(np.prod(fit_volume(image.geometry, card.grid).model_shape)) / 1e6


def _middle(image: Volume, card: ModelCard) -> Volume:
    """The image, or as many slices (k) from its middle as can be measured in short time."""
    count = image.geometry.shape[0]
    kept = min(count, max(2, int(count * min(1.0, MOST_MILLIONS / millions(image, card)))))
    first = (count - kept) // 2
    return image.cropped(Box((first, 0, 0), (first + kept, *image.geometry.shape[1:])))
