"""Layout: how a folder of images and truth is arranged, recognised without a word from its owner.

nnU-Net               dataset.json, imagesTr/NAME_0000.nii.gz, labelsTr/NAME.nii.gz
Medical Decathlon     dataset.json, imagesTr/NAME.nii.gz, labelsTr/NAME.nii.gz
COCO                  pictures and one JSON file with annotations
cases of MedSeg       *.medseg, whose images are found again
pairs                 NAME_image and NAME_mask, in one folder or in one folder per patient
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from medseg_app.core.errors import InputError
from medseg_app.engines.modality_names import modality_named

from .coco import find_annotations, read_coco
from .dataset import find_case_files, find_references
from .recipe import Pair
from .references import Reference, class_name

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")


@dataclass(frozen=True)
class Layout:
    """What a folder holds.

    classes: names by value, as far as the data set tells them. task: what it is meant for. modality: where
    it says so. pairs: patterns, for kind "folder". is_flat: single slices, measured in pixels.
    """

    kind: Literal["folder", "cases", "coco"]
    references: tuple[Reference, ...]
    classes: Mapping[int, str] = field(default_factory=dict)
    task: Literal["semantic", "instance"] = "semantic"
    modality: str = ""
    pairs: tuple[Pair, ...] = ()
    is_flat: bool = False

    @property
    def keeps_classes(self) -> bool:
        """Whether findings are of the class that the data set gives them, rather than of one class."""
        return self.kind != "folder" or bool(self.classes)


def find_layout(folder: Path) -> Layout:
    """Recognise a data set. Raises InputError where nothing is recognised."""
    described = _description(folder)
    for find in (_described if described else _coco, _cases, _pairs):
        layout = find(folder, described)
        if layout is not None and layout.references:
            return layout
    raise InputError(
        f"{folder} holds no labelled images.",
        "Use the folders imagesTr and labelsTr of nnU-Net or the Decathlon, COCO's annotations, cases of "
        "MedSeg, or files called NAME_image and NAME_mask.",
    )


def _described(folder: Path, described: dict[str, Any]) -> Layout | None:
    names = described.get("channel_names", described.get("modality", {}))
    if len(names) > 1:
        raise InputError(f"{folder / 'dataset.json'} names several channels per case.", "Train on one image.")
    labels = described.get("labels", {})
    if "ignore" in labels:
        raise InputError(
            f"{folder / 'dataset.json'} has a label to be ignored, and MedSeg learns from every voxel.",
            "Leave the cases out that hold it, and take it out of dataset.json.",
        )
    modality = "".join(modality_named(str(name)) for name in dict(names).values())
    for suffix in SUFFIXES:
        for mark in ("_0000", ""):
            pair = Pair("", f"imagesTr/*{mark}{suffix}", f"labelsTr/*{suffix}")
            found = find_references(folder, (pair,))
            if found:
                return Layout("folder", found, _names(labels), modality=modality, pairs=(pair,))
    return None


def _names(labels: dict[str, Any]) -> dict[int, str]:
    """nnU-Net writes name: value, the Decathlon value: name."""
    pairs = [(key, value) if str(key).isdecimal() else (value, key) for key, value in labels.items()]
    return {int(value): str(name) for value, name in pairs if str(value).isdecimal() and int(value) > 0}


def _coco(folder: Path, _: dict[str, Any]) -> Layout | None:
    annotations = find_annotations(folder)
    if annotations is None:
        return None
    found = read_coco(annotations)
    return Layout("coco", found.references, found.classes, "instance", "MR", is_flat=True)


def _cases(folder: Path, _: dict[str, Any]) -> Layout | None:
    """All cases are of one modality: that of most of them."""
    from medseg_app.io.case_file import read_case_file

    found = find_case_files(folder, {})
    if not found:
        return None
    modalities = [case.modality for case in found]
    modality = max(sorted(set(modalities)), key=modalities.count)
    segments = [
        segment
        for case in found
        if case.modality == modality
        for segment in read_case_file(case.path).segmentation.segments
    ]
    names = sorted({class_name(segment) for segment in segments})
    classes = {name: value for value, name in enumerate(names, 1)}
    task: Literal["semantic", "instance"] = "semantic"
    if segments and all(segment.kind == "instance" for segment in segments):
        task = "instance"
    return Layout(
        "cases", find_case_files(folder, classes, (modality,)), dict(enumerate(names, 1)), task, modality
    )


def _pairs(folder: Path, _: dict[str, Any]) -> Layout:
    found = [Pair("", f"*_image{suffix}", f"*_mask{suffix}") for suffix in SUFFIXES]
    nested = sorted({path.name for path in folder.glob("*/*image*") if path.name.endswith(SUFFIXES)})
    found += [Pair("", f"*/{name}", f"*/{name.replace('image', 'mask')}") for name in nested]
    pairs = tuple(pair for pair in found if any(folder.glob(pair.image)))
    return Layout("folder", find_references(folder, pairs), pairs=pairs)


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
    return data
