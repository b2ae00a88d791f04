"""Training cases in the frame of the model, from folders of images or from phantoms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.progress import Progress, silent
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.engines.fit import Fit, fit_volume
from medseg_app.engines.modality import AIR_HU
from medseg_app.engines.slice_tiles import takes_slices

from .annotated import annotated, teaches
from .coco import find_annotations, read_coco
from .patients import Grouped, by_patient
from .recipe import Pair, Recipe, Source
from .references import CaseFile, CaseImages, FilePair, PhantomSeed, Reference, TissueImage, finding_class
from .renumbered import Renumbered

MOST = 255
"""Largest value of a class, and most findings in an image: labels of all cases stay in memory as bytes."""
LOOKED_FOR = "Add an empty segment for what was looked for and is not there, or say --absent empty."


@dataclass(frozen=True, eq=False)
class Case:
    """One image and its labels, resampled into the frame of the model.

    image: (k, j, i), the type of the file or float32. labels: (k, j, i), class values (semantic) or
    finding numbers 1..n (instance). classes: finding number -> class value (instance only).
    annotated: the class values that somebody looked for in this case.
    sha256: of the voxels of its file.
    """

    name: str
    patient: str
    modality: str
    image: NDArray[Any]
    labels: NDArray[np.uint8]
    spacing: tuple[float, float, float]
    annotated: frozenset[int]
    classes: dict[int, int]
    sha256: str = ""


@dataclass(frozen=True)
class Split:
    """The cases of a recipe, divided by patient.

    left_out: those that teach nothing, as nobody looked for the classes. rule: how patients are told apart.
    """

    train: tuple[Reference, ...]
    validation: tuple[Reference, ...]
    left_out: tuple[Reference, ...] = ()
    rule: str = ""


def find_cases(recipe: Recipe) -> Split:
    """Find and divide the cases of a recipe. Raises InputError where there are none."""
    source = recipe.source
    if source.kind == "phantom":
        modality = recipe.modality[0]
        seeds = (source.seeds, source.validation_seeds)
        train, kept = (_renumbered(_phantoms(pair, modality), recipe) for pair in seeds)
        return Split(train, kept)
    folder = (recipe.path.parent / source.folder).resolve()
    found = _found(folder, recipe)
    if not found:
        raise InputError(f"{folder} holds no images that fit the recipe.", "Check its folder and patterns.")
    # A split file names the cases as their files do.
    grouped = Grouped(found, f"split as {source.split} says") if source.split else by_patient(found, folder)
    cases = _renumbered(grouped.references, recipe)
    used = tuple(reference for reference in cases if teaches(reference, recipe))
    if not used:
        raise InputError(f"In no case of {folder} the classes of the model were looked for.", LOOKED_FOR)
    learnt, validated = _patients(recipe.path.parent, source, sorted({r.patient for r in used}))
    names = {reference.name for reference in used}
    return Split(
        tuple(reference for reference in used if reference.patient in learnt),
        tuple(reference for reference in used if reference.patient in validated),
        tuple(reference for reference in cases if reference.name not in names),
        grouped.rule,
    )


def _found(folder: Path, recipe: Recipe) -> tuple[Reference, ...]:
    classes = {label.name: value for value, label in recipe.labels.items()}
    if recipe.source.kind == "cases":
        return find_case_files(folder, classes, recipe.modality)
    if recipe.source.kind == "coco":
        annotations = find_annotations(folder)
        return read_coco(annotations, recipe.modality[0]).references if annotations else ()
    if recipe.source.kind == "tissues":
        return tuple(
            TissueImage(patient, pair.modality, image)
            for pair in recipe.source.pairs
            for patient, image in _images(folder, pair)
        )
    pairs = find_references(folder, recipe.source.pairs, classes)
    return tuple(replace(pair, parts=recipe.source.parts) for pair in pairs)


def _renumbered(found: tuple[Reference, ...], recipe: Recipe) -> tuple[Reference, ...]:
    """The cases with the values of the recipe's classes."""
    values = recipe.source.values
    if not values:
        return found
    return tuple(Renumbered(r.patient, r.modality, r, values, case=r.case) for r in found)


def find_case_files(
    folder: Path, classes: Mapping[str, int], modalities: tuple[str, ...] = ()
) -> tuple[CaseFile, ...]:
    """The cases of MedSeg below a folder, of these modalities where any are named.

    Images that are no DICOM do not say theirs: they are taken for the one that is named, or judged by values.
    """
    from medseg_app.io.case_file import read_case_file

    found = []
    for path in sorted(folder.rglob("*.medseg")):
        case = read_case_file(path)
        if not modalities or not case.modality or case.modality in modalities:
            places = tuple(case.source_candidates(path))
            images = CaseImages(case.source_kind, places, case.volume_id, case.voxels_sha256)
            name = path.relative_to(folder).as_posix()
            reference = CaseFile(name, case.modality, path, images, classes)
            found.append(reference if case.modality else _taken_for(reference, modalities))
    return tuple(found)


def _taken_for(case: CaseFile, modalities: tuple[str, ...]) -> CaseFile:
    if len(modalities) < 2:
        return replace(case, modality="".join(modalities))
    is_ct = float(case.read()[0].voxels.min()) <= AIR_HU
    fitting = [modality for modality in modalities if (modality == "CT") == is_ct]
    return replace(case, modality=(fitting or list(modalities))[0])


def find_references(
    folder: Path, pairs: tuple[Pair, ...], classes: Mapping[str, int] | None = None
) -> tuple[FilePair, ...]:
    """The images below a folder that have labels. classes: value by name, for pairs by name."""
    return tuple(reference for pair in pairs for reference in _matches(folder, pair, classes or {}))


def read_case(reference: Reference, recipe: Recipe) -> Case:
    """Read one case and bring it into the frame of the model."""
    volume, truth = reference.read()
    _require_volume(volume, recipe)
    _require_few(reference, truth, recipe)
    fit = fit_volume(volume.geometry, recipe.grid)
    full, classes = _labels(truth, recipe)
    return Case(
        name=reference.name,
        patient=reference.patient,
        modality=reference.modality,
        image=np.ascontiguousarray(fit.image(volume.voxels)),
        labels=resampled_labels(full, fit),
        spacing=model_spacing(volume, fit),
        annotated=annotated(truth, recipe),
        classes=classes,
        sha256=volume.sha256,
    )


def _require_volume(volume: Volume, recipe: Recipe) -> None:
    if min(volume.geometry.shape) == 1 and recipe.task == "semantic" and not takes_slices(recipe.network):
        raise InputError(
            f"{volume.id} is a single slice, and the network {recipe.network.name} learns from volumes.",
            "Leave it out, or train a model that looks at slices.",
        )


def _require_few(reference: Reference, truth: LabelMap, recipe: Recipe) -> None:
    if recipe.task == "semantic" and max(recipe.values) > MOST:
        raise InputError(
            f"A class has the value {max(recipe.values)}, and MedSeg learns classes from 1 to {MOST}.",
            "Give the classes smaller values, in the masks and where they are named.",
        )
    if recipe.task == "instance" and len(_findings(truth)) > MOST:
        raise InputError(
            f"The labels of {reference.name} number {len(_findings(truth))} findings, and MedSeg learns from "
            f"{MOST} in an image.",
            "Cut the image into pieces, or leave it out.",
        )


def look_through(references: tuple[Reference, ...], recipe: Recipe) -> None:
    """Read cases and forget them, so that what is wrong with one is known before hours of training."""
    for reference in references:
        if not isinstance(reference, PhantomSeed):
            read_case(reference, recipe)


def read_cases(references: tuple[Reference, ...], recipe: Recipe, progress: Progress = silent) -> list[Case]:
    """Read all cases; they stay in memory."""
    cases = []
    for number, reference in enumerate(references):
        progress(number / len(references), f"reading {reference.name}")
        cases.append(read_case(reference, recipe))
    return cases


def model_spacing(volume: Volume, fit: Fit) -> tuple[float, float, float]:
    """Voxel size (k, j, i) in mm in the frame of the model."""
    spacing = volume.geometry.spacing_kji
    k, j, i = (spacing[a] * axis.step for a, axis in zip(fit.axes, fit.sampling, strict=True))
    return k, j, i


def resampled_labels(labels: NDArray[np.uint8], fit: Fit) -> NDArray[np.uint8]:
    """Labels in the frame of the model: each voxel takes the label with the largest share."""
    if not fit.is_resampled:
        return np.ascontiguousarray(fit.turned(labels))
    best = np.full(fit.model_shape, 0.5, np.float32)
    result = np.zeros(fit.model_shape, np.uint8)
    for value in np.unique(labels[labels > 0]):
        share = fit.image((labels == value).astype(np.float32))
        result[share >= best] = value
        np.maximum(best, share, out=best)
    return result


def _labels(truth: LabelMap, recipe: Recipe) -> tuple[NDArray[np.uint8], dict[int, int]]:
    """One array (k, j, i): class values (semantic) or finding numbers with the class of each (instance)."""
    if recipe.task == "semantic":
        return _classes(truth, recipe.values), {}
    result = np.zeros(truth.geometry.shape, np.uint8)
    findings = _findings(truth)
    for number, segment in enumerate(findings, 1):
        result[truth.mask(segment)] = number
    return result, {n: finding_class(one.value, recipe.values) for n, one in enumerate(findings, 1)}


def _classes(truth: LabelMap, values: Sequence[int]) -> NDArray[np.uint8]:
    """The class of each voxel; where segments of several hold it, the smallest, as a reader sees it."""
    layers = [np.where(np.isin(layer, values), layer, 0).astype(np.uint8) for layer in truth.layers]
    if len(layers) == 1:
        return layers[0]
    counts = np.sum([np.bincount(layer.ravel(), minlength=MOST + 1) for layer in layers], axis=0)
    flat = np.zeros_like(layers[0])
    for value in sorted(values, key=lambda value: -counts[value]):
        for layer in layers:
            flat[layer == value] = value
    return flat


def _findings(truth: LabelMap) -> list[Segment]:
    return [s for s in truth.segments if s.kind == "instance"] or list(truth.segments)


def _phantoms(seeds: tuple[int, int], modality: str) -> tuple[Reference, ...]:
    return tuple(PhantomSeed(f"phantom-{s}", modality, s) for s in range(seeds[0], seeds[1] + 1))


def _matches(folder: Path, pair: Pair, classes: Mapping[str, int]) -> Iterator[FilePair]:
    for patient, image in _images(folder, pair):
        labels = folder / pair.labels.replace("*", patient)
        if labels.is_file():
            yield FilePair(patient, pair.modality, image, labels, classes if pair.by == "name" else {})


def _images(folder: Path, pair: Pair) -> Iterator[tuple[str, Path]]:
    """Patient and file of every image that fits the pattern."""
    before, _, after = pair.image.partition("*")
    for image in sorted(folder.glob(pair.image)):
        if image.name.startswith("."):  # what macOS leaves in archives
            continue
        name = image.relative_to(folder).as_posix()
        yield name[len(before) : len(name) - len(after)], image


def _patients(folder: Path, source: Source, patients: list[str]) -> tuple[set[str], set[str]]:
    if source.split:
        split = json.loads((folder / source.split).read_text(encoding="utf-8"))
        return set(split["train"]), set(split["validation"])
    validation = set(patients[4::5])
    return set(patients) - validation, validation
