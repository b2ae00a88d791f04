"""Fingerprint: a data set without a recipe is measured, and a recipe follows from what was found.

What is measured comes from the layouts that layout.py knows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from medseg_app.core.errors import InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.engines.model_card import LabelClass, ModelGrid, Network, UnionClass
from medseg_app.engines.preprocess import MAX_SAMPLES

from .class_names import plain_name
from .layout import Layout, find_layout
from .plan_unet import UNetPlan, plan_unet
from .recipe import Recipe, Source
from .references import Reference
from .united import Parts, always_united, unions_in
from .usual_training import usual_augment, usual_loss, usual_training

MAX_READ = 20
"""Of so many cases, spread evenly, the images are read to measure a data set."""
LONGEST_EDGE = 192
"""Slices of finding models are brought down to about this many pixels."""

CLUSTER_IOU = 0.4
"""From which on two detections in a slice are views of one finding (see engines/clustered_instances.py)."""

NUMBERED = (
    "the data set names no classes, so each value in a mask is taken as one finding; where values are "
    "classes, name them in a dataset.json"
)

Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class Fingerprint:
    """What was measured: voxel sizes (cases, 3) in mm, edges (cases, 3) in mm, grey values inside labels.

    unions: class values that are others together wherever they are marked -> those others.
    """

    spacing: Any
    edges_mm: Any
    limits: tuple[float, float]
    values: tuple[int, ...]
    is_ct: bool
    unions: dict[int, tuple[int, ...]]


def recipe_for(
    folder: Path,
    task: Literal["semantic", "instance"] | None = None,
    modality: str = "",
    known: Collection[str] = (),
) -> Recipe:
    """The recipe for a data set without one; `task` where its layout does not say otherwise by itself.

    modality: of its images; without it what the data set says, else what the values look like. known: names
    of the classes of a model that is there already; those that no mask holds are left out. Raises InputError
    where the folder has no layout that is known, or holds no labelled images.
    """
    folder = Path(folder)
    layout = find_layout(folder, modality)
    if layout.is_flat and task == "semantic":
        raise InputError(
            f"{folder} holds single slices with objects.", "Train a model of findings: --task instance."
        )
    found = measure(layout.references)
    if layout.kind == "folder":
        layout = _of_marked_classes(folder, layout, found, known)
    return _recipe(folder, found, layout, task or layout.task)


def measure(references: tuple[Reference, ...]) -> Fingerprint:
    """Look into all masks for their values, and measure cases evenly spread over a data set.

    Raises InputError where all masks are empty.
    """
    held, unions = _in_masks(references)
    values = set[int]().union(*held)
    if not values:
        raise InputError(
            "The labels of the data set are all empty.", "Check that the masks hold values above 0."
        )
    spread = range(0, len(references), -(-len(references) // MAX_READ))
    marked = [n for n, found in enumerate(held) if found]
    # Where findings are rare, those that are read might all be without any.
    chosen = spread if any(held[n] for n in spread) else sorted({*spread, *marked[:MAX_READ]})
    spacing, edges, inside, lowest = [], [], [], []
    for volume, truth in (references[n].read() for n in chosen):
        spacing.append(volume.geometry.spacing_kji)
        edges.append(np.multiply(volume.geometry.shape, volume.geometry.spacing_kji))
        grey = volume.voxels[np.max(truth.layers, axis=0) > 0]
        inside.append(grey[:: len(grey) // (MAX_SAMPLES // MAX_READ) + 1].astype(np.float64))
        lowest.append(float(volume.voxels.min()))
    low, high = np.percentile(np.concatenate(inside), [0.5, 99.5])
    is_ct = float(np.median(lowest)) <= -500
    window = float(low), float(high)
    united = always_united(held, unions)
    return Fingerprint(np.array(spacing), np.array(edges), window, tuple(sorted(values)), is_ct, united)


def _in_masks(references: Sequence[Reference]) -> tuple[list[set[int]], list[Parts]]:
    """The class values of each case, and those of them that are others together."""
    held, unions = [], []
    for reference in references:
        truth = reference.truth()
        held.append(_values(truth))
        unions.append(unions_in(truth))
    return held, unions


def _values(truth: LabelMap) -> set[int]:
    return {int(value) for layer in truth.layers for value in np.unique(layer)} - {0}


def _of_marked_classes(folder: Path, layout: Layout, found: Fingerprint, known: Collection[str]) -> Layout:
    """The layout without those of the known classes that no mask holds: a model that has them keeps them.

    A new one never finds such a class, which would stand in its card. Raises InputError.
    """
    missing = set(layout.classes) - set(found.values)
    names = ", ".join(f"{layout.classes[value]} ({value})" for value in sorted(missing))
    if {plain_name(layout.classes[value]) for value in missing} - set(map(plain_name, known)):
        raise InputError(
            f"No mask of {folder} holds {names}, which its dataset.json names.",
            "Add cases that show it, go on from a model that knows it (--from), or take it out of "
            "dataset.json.",
        )
    if not missing:
        return layout
    classes = {value: name for value, name in layout.classes.items() if value not in missing}
    note = f"named by the data set, but in none of its masks: {names}"
    return replace(layout, classes=classes, notes=(*layout.notes, note))


def _recipe(
    folder: Path, found: Fingerprint, layout: Layout, task: Literal["semantic", "instance"]
) -> Recipe:
    modality = layout.modality or ("CT" if found.is_ct else "MR")
    is_semantic = task == "semantic"
    channels = _channels(found, modality == "CT")
    unions = found.unions if is_semantic else {}
    named = tuple(sorted({*layout.classes, *found.values} - unions.keys()))
    values = named if is_semantic or layout.keeps_classes else (1,)
    numbered = not is_semantic and not layout.keeps_classes and len(found.values) > 1
    plan = plan_unet(_typical_shape(found), _typical_spacing(found)) if is_semantic else None
    neighbours = 0 if is_semantic or layout.is_flat else 1
    in_channels = len(channels) * (2 * neighbours + 1)
    pairs = tuple(replace(pair, modality=modality) for pair in layout.pairs)
    return Recipe(
        name=_legal_name(folder.resolve().name),
        version="0.1.0",
        engine="unet" if is_semantic else "mask_rcnn",
        task=task,
        modality=(modality,),
        licence="unstated",
        labels={value: _label(value, layout.classes, is_semantic) for value in values},
        network=_unet(plan, in_channels, len(values)) if plan else _mask_rcnn(in_channels, len(values)),
        preprocessing={"neighbours": neighbours, "channels": {modality: channels}},
        source=Source(
            layout.kind,
            pairs=pairs,
            absent="unnamed" if layout.kind == "cases" else "empty",
            parts=layout.kind == "folder" and not numbered,
        ),
        training=usual_training(plan, len({reference.patient for reference in layout.references})),
        loss=usual_loss(plan),
        grid=ModelGrid("") if layout.is_flat else _grid(found, is_semantic),
        unions={value: _union(value, of, layout.classes) for value, of in unions.items()},
        thresholds={} if is_semantic else {"cluster_iou": CLUSTER_IOU},
        augment=usual_augment("semantic" if is_semantic else "instance", modality),
        summary=f"Trained on the data set {folder.resolve().name}.",
        data=_data(folder, layout, modality),
        notes=(
            *layout.notes,
            *([NUMBERED] if numbered else _strange(found, layout)),
            *(_told(value, of, layout.classes) for value, of in unions.items()),
        ),
        path=folder / "recipe.toml",
    )


def _union(value: int, of: tuple[int, ...], classes: Mapping[int, str]) -> UnionClass:
    label = _label(value, classes, is_semantic=True)
    return UnionClass(label.name, label.colour, of=of)


def _told(value: int, of: tuple[int, ...], classes: Mapping[int, str]) -> str:
    name, *parts = (_label(one, classes, is_semantic=True).name for one in (value, *of))
    return (
        f"{name} is {', '.join(parts[:-1])} and {parts[-1]} together wherever it is marked, and given as that"
    )


def _strange(found: Fingerprint, layout: Layout) -> list[str]:
    """What masks of a data set with named classes hold beside them."""
    strange = sorted(set(found.values) - set(layout.classes)) if layout.classes else []
    values = ", ".join(map(str, strange))
    return [f"not named by the data set and taken as classes of their own: {values}"] if strange else []


def _data(folder: Path, layout: Layout, modality: str) -> str:
    """What it learns from, for the card."""
    guessed = "" if layout.modality else f", taken for {modality} by their values (--modality says otherwise)"
    return f"{len(layout.references)} cases of {folder.resolve().name}{guessed}"


def _channels(found: Fingerprint, is_ct: bool) -> list[dict[str, Any]]:
    if not is_ct:
        return [{"kind": "percentiles", "low": 0.5, "high": 99.5}]
    margin = (found.limits[1] - found.limits[0]) / 4
    return [{"kind": "window", "low": found.limits[0] - margin, "high": found.limits[1] + margin}]


def _mask_rcnn(in_channels: int, classes: int) -> Network:
    return Network("MaskRCNNSlim", {"in_channels": in_channels, "num_classes": classes + 1})


def _unet(plan: UNetPlan, in_channels: int, classes: int) -> Network:
    sizes = {"spatial_dims": 3, "in_channels": in_channels, "out_channels": classes + 1}
    strides = [list(stride) for stride in plan.strides]
    depth = {"kernel_size": [list(kernel) for kernel in plan.kernels], "strides": strides}
    widths = {"upsample_kernel_size": strides[1:], "filters": list(plan.filters)}
    return Network("DynUNet", {**sizes, **depth, **widths})


def _typical_spacing(found: Fingerprint) -> Spacing:
    k, j, i = (float(v) for v in np.median(found.spacing, axis=0))
    return k, j, i


def _typical_shape(found: Fingerprint) -> Spacing:
    """Voxels of the median image at the median voxel size."""
    k, j, i = (float(v) for v in np.median(found.edges_mm, axis=0) / _typical_spacing(found))
    return k, j, i


def _grid(found: Fingerprint, is_semantic: bool) -> ModelGrid:
    """The median voxel size; slices of finding models no finer than they need to be."""
    k, j, i = _typical_spacing(found)
    if not is_semantic:
        edge = max(j, i, float(np.median(found.edges_mm[:, 1:])) / LONGEST_EDGE)
        j = i = edge
    low, high = found.spacing.min(axis=0), found.spacing.max(axis=0)
    kept = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    if not is_semantic:
        kept[1:] = [(j, j), (i, i)]
    return ModelGrid("SPL", (k, j, i), (kept[0], kept[1], kept[2]))


def _label(value: int, names: Mapping[int, str], is_semantic: bool) -> LabelClass:
    from medseg_app.io.image_file import PALETTE

    kind: Literal["semantic", "instance"] = "semantic" if is_semantic else "instance"
    name = names.get(value, _stand_in(value, kind))
    return LabelClass(name, PALETTE[(value - 1) % len(PALETTE)], kind)


def is_unnamed(value: int, label: LabelClass) -> bool:
    """Whether the name of a class is the one that it gets where the data set has none."""
    return label.name == _stand_in(value, label.kind)


def _stand_in(value: int, kind: str) -> str:
    return f"Label {value}" if kind == "semantic" else "Finding"


def _legal_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in text).strip("-.") or "model"
