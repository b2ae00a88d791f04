"""Figures of a model of tissues on disturbed images, beside those of the rules that its labels come from.

The truth is what the rules say of the undisturbed image; both judge the same image with noise or metal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.label_map import LabelMap
from medseg_app.core.progress import Progress, part
from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Engine, Request
from medseg_app.engines.predict import run_engine
from medseg_app.engines.to_label_map import to_label_map
from medseg_app.metrics.overlap import dice

from .metal import add_metal
from .recipe import Recipe
from .references import Reference, derived_tissues

Figures = dict[str, Any]
Disturb = Callable[[Volume, np.random.Generator], NDArray[Any]]

NOISE_HU = 60.0
METALS = 3
MOST_PATIENTS = 8


def with_noise(volume: Volume, rng: np.random.Generator) -> NDArray[np.int16]:
    """Every voxel off by a normal error, as in a scan with a small dose."""
    noisy = volume.voxels + rng.normal(0.0, NOISE_HU, volume.voxels.shape)
    return np.asarray(np.clip(np.rint(noisy), -1024, 3071), np.int16)


def with_metal(volume: Volume, rng: np.random.Generator) -> NDArray[np.int16]:
    """Three pieces of metal with their rays."""
    import torch

    image = torch.from_numpy(np.asarray(volume.voxels, np.float32))
    for _ in range(METALS):
        image = add_metal(image, volume.geometry.spacing_kji, rng)
    return np.asarray(np.clip(np.rint(image.numpy()), -1024, 3071), np.int16)


DISTURBANCES: dict[str, Disturb] = {f"noise of {NOISE_HU:g} HU": with_noise, "metal": with_metal}


def measure_disturbed(
    engine: Engine, recipe: Recipe, references: tuple[Reference, ...], device: str, progress: Progress
) -> Figures:
    """Mean Dice per class of the model and of the rules, by disturbance; over patients spread evenly."""
    chosen = references[:: -(-len(references) // MOST_PATIENTS)]
    rows: dict[str, dict[str, list[dict[int, float | None]]]] = {
        name: {"model": [], "rules": []} for name in DISTURBANCES
    }
    for number, reference in enumerate(chosen):
        share = part(progress, number / len(chosen), (number + 1) / len(chosen))
        share(0.0, f"disturbing {reference.name}")
        volume, truth = reference.read()
        for name, disturb in DISTURBANCES.items():
            rng = np.random.default_rng([number, len(name)])
            other = replace(volume, voxels=disturb(volume, rng), modality=reference.modality)
            model = to_label_map(
                run_engine(engine, other, Request(modality=reference.modality), device, share), other
            )
            rows[name]["model"].append(_dice(recipe, model, truth))
            rows[name]["rules"].append(_dice(recipe, derived_tissues(other), truth))
    return {
        name: {who: _means(recipe, found) for who, found in sides.items()} for name, sides in rows.items()
    }


def _dice(recipe: Recipe, labels: LabelMap, truth: LabelMap) -> dict[int, float | None]:
    return {value: dice(labels.layers[0] == value, truth.layers[0] == value) for value in recipe.values}


def _means(recipe: Recipe, found: list[dict[int, float | None]]) -> dict[str, float | None]:
    means = {}
    for value in recipe.values:
        defined = [one for row in found if (one := row[value]) is not None]
        means[recipe.labels[value].name] = round(float(np.mean(defined)), 3) if defined else None
    return means
