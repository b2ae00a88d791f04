"""Fingerprint: a data set without a recipe is measured, and a recipe follows from what was found.

Two layouts are understood: nnU-Net's (dataset.json, imagesTr, labelsTr), and pairs of files called
NAME_image and NAME_mask, in one folder or in one folder per patient.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from medseg_app.core.errors import InputError
from medseg_app.engines.model_card import LabelClass, ModelGrid, Network
from medseg_app.engines.preprocess import MAX_SAMPLES

from .dataset import Reference, find_references
from .recipe import Augment, Pair, Recipe, Source, Training

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
MAX_READ = 20
"""So many cases, spread evenly, are read to measure a data set."""
LONGEST_EDGE = 192
"""Slices of finding models are brought down to about this many pixels."""

Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class Fingerprint:
    """What was measured: voxel sizes (cases, 3) in mm, slice edges in mm, grey values inside labels."""

    spacing: Any
    edges_mm: Any
    limits: tuple[float, float]
    values: tuple[int, ...]
    is_ct: bool


def recipe_for(folder: Path, task: Literal["semantic", "instance"] | None = None) -> Recipe:
    """The recipe for a data set without one; semantic unless `task` says otherwise.

    Raises InputError where the folder has neither layout or holds no labelled images.
    """
    folder = Path(folder)
    described = _description(folder)
    pairs = _nnunet_pairs(folder) if described else _named_pairs(folder)
    references = find_references(folder, pairs)
    if not references:
        raise InputError(
            f"{folder} holds no labelled images.",
            "Use nnU-Net's folders imagesTr and labelsTr, or files called NAME_image and NAME_mask.",
        )
    found = measure(references)
    modality = "CT" if found.is_ct else "MR"
    names = {int(v): str(n) for n, v in described.get("labels", {}).items() if isinstance(v, int) and v > 0}
    return _recipe(folder, found, names, task or "semantic", tuple(_with(pair, modality) for pair in pairs))


def measure(references: tuple[Reference, ...]) -> Fingerprint:
    """Read cases evenly spread over a data set and measure them."""
    spacing, edges, inside, values, lowest = [], [], [], set[int](), []
    for reference in references[:: -(-len(references) // MAX_READ)]:
        volume, truth = reference.read()
        labels = truth.layers[0]
        spacing.append(volume.geometry.spacing_kji)
        edges.append(np.multiply(volume.geometry.shape, volume.geometry.spacing_kji)[1:])
        grey = volume.voxels[labels > 0]
        inside.append(grey[:: len(grey) // (MAX_SAMPLES // MAX_READ) + 1].astype(np.float64))
        values |= set(np.unique(labels).tolist()) - {0}
        lowest.append(float(volume.voxels.min()))
    if not values:
        raise InputError(
            "The labels of the data set are all empty.", "Check that the masks hold values above 0."
        )
    low, high = np.percentile(np.concatenate(inside), [0.5, 99.5])
    is_ct = float(np.median(lowest)) <= -500
    return Fingerprint(
        np.array(spacing), np.array(edges), (float(low), float(high)), tuple(sorted(values)), is_ct
    )


def _recipe(
    folder: Path,
    found: Fingerprint,
    names: dict[int, str],
    task: Literal["semantic", "instance"],
    pairs: tuple[Pair, ...],
) -> Recipe:
    modality = pairs[0].modality
    is_semantic = task == "semantic"
    channels = [{"kind": "percentiles", "low": 0.5, "high": 99.5}]
    if found.is_ct:
        margin = (found.limits[1] - found.limits[0]) / 4
        channels = [{"kind": "window", "low": found.limits[0] - margin, "high": found.limits[1] + margin}]
    values = found.values if is_semantic else (1,)
    neighbours = 0 if is_semantic else 1
    return Recipe(
        name=_legal_name(folder.resolve().name),
        version="0.1.0",
        engine="unet" if is_semantic else "mask_rcnn",
        task=task,
        modality=(modality,),
        licence="unstated",
        labels={value: _label(value, names, is_semantic) for value in values},
        network=_network(len(values), len(channels) * (2 * neighbours + 1), is_semantic),
        preprocessing={"neighbours": neighbours, "channels": {modality: channels}},
        source=Source(folder=".", pairs=pairs),
        training=_training(is_semantic),
        grid=_grid(found, is_semantic),
        augment=Augment(zoom=0.2, rotate_degrees=15, tilt_degrees=5, shift=0.1, contrast=0.1, noise=0.1),
        summary=f"Trained on the data set {folder.resolve().name}.",
        path=folder / "recipe.toml",
    )


def _network(classes: int, channels: int, is_semantic: bool) -> Network:
    if not is_semantic:
        return Network("MaskRCNNSlim", {"in_channels": channels, "num_classes": classes + 1})
    depth = {"kernel_size": [3] * 5, "strides": [1, 2, 2, 2, 2], "upsample_kernel_size": [2] * 4}
    sizes = {"spatial_dims": 3, "in_channels": channels, "out_channels": classes + 1}
    return Network("DynUNet", {**sizes, **depth, "filters": [16, 32, 64, 128, 160]})


def _training(is_semantic: bool) -> Training:
    if is_semantic:
        return Training(20000, 1, (64, 64, 64), 2e-3, first_patch=(48, 48, 48))
    return Training(20000, 4, (2, 128, 128), 5e-4, foreground=0.75)


def _grid(found: Fingerprint, is_semantic: bool) -> ModelGrid:
    """The median voxel size; slices of finding models no finer than they need to be."""
    k, j, i = (float(v) for v in np.median(found.spacing, axis=0))
    if not is_semantic:
        edge = max(j, i, float(np.median(found.edges_mm)) / LONGEST_EDGE)
        j = i = edge
    low, high = found.spacing.min(axis=0), found.spacing.max(axis=0)
    kept = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    if not is_semantic:
        kept[1:] = [(j, j), (i, i)]
    return ModelGrid("SPL", (k, j, i), (kept[0], kept[1], kept[2]))


def _label(value: int, names: dict[int, str], is_semantic: bool) -> LabelClass:
    from medseg_app.io.image_file import PALETTE

    kind: Literal["semantic", "instance"] = "semantic" if is_semantic else "instance"
    name = names.get(value, f"Label {value}" if is_semantic else "Finding")
    return LabelClass(name, PALETTE[(value - 1) % len(PALETTE)], kind)


def _description(folder: Path) -> dict[str, Any]:
    path = folder / "dataset.json"
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}).", "Check that it is JSON.") from error
    if not isinstance(data, dict):
        raise InputError(f"{path} is not the description of a data set.", "See nnU-Net's dataset.json.")
    if len(data.get("channel_names", {})) > 1:
        raise InputError(f"{path} names several channels per case.", "Train on one image per case.")
    return data


def _nnunet_pairs(folder: Path) -> tuple[Pair, ...]:
    for suffix in SUFFIXES:
        if any((folder / "imagesTr").glob(f"*_0000{suffix}")):
            return (Pair("", f"imagesTr/*_0000{suffix}", f"labelsTr/*{suffix}"),)
    return ()


def _named_pairs(folder: Path) -> tuple[Pair, ...]:
    found = [Pair("", f"*_image{suffix}", f"*_mask{suffix}") for suffix in SUFFIXES]
    nested = sorted({path.name for path in folder.glob("*/*image*") if path.name.endswith(SUFFIXES)})
    found += [Pair("", f"*/{name}", f"*/{name.replace('image', 'mask')}") for name in nested]
    return tuple(pair for pair in found if any(folder.glob(pair.image)))


def _with(pair: Pair, modality: str) -> Pair:
    return Pair(modality, pair.image, pair.labels)


def _legal_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in text).strip("-.") or "model"
