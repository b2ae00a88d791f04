"""Layout: how a folder of images and truth is arranged, recognised without a word from its owner.

nnU-Net, Decathlon, plain folders of images and masks (see image_folders.py)
COCO                  pictures and one JSON file with annotations
cases of MedSeg       *.medseg, whose images are found again
pairs                 NAME_image and NAME_mask, in one folder or in one folder per patient
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from medseg_app.core.errors import InputError

from .coco import find_annotations, read_coco
from .dataset import find_case_files, find_references
from .image_folders import SUFFIXES, find_image_folders, why_none
from .json_object import read_json_object
from .recipe import Pair
from .references import Reference


@dataclass(frozen=True)
class Layout:
    """What a folder holds.

    classes: names by value, as far as the data set tells them. task: what it is meant for. modality: where
    it says so. pairs: patterns, for kind "folder". is_flat: single slices, measured in pixels. notes: what a
    user should know of what was found.
    """

    kind: Literal["folder", "cases", "coco"]
    references: tuple[Reference, ...]
    classes: Mapping[int, str] = field(default_factory=dict)
    task: Literal["semantic", "instance"] = "semantic"
    modality: str = ""
    pairs: tuple[Pair, ...] = ()
    is_flat: bool = False
    notes: tuple[str, ...] = ()

    @property
    def keeps_classes(self) -> bool:
        """Whether findings are of the class that the data set gives them, rather than of one class."""
        return self.kind != "folder" or bool(self.classes)


def find_layout(folder: Path, modality: str = "") -> Layout:
    """Recognise a data set. modality: of its images; else what it says itself, if it does.

    Raises InputError where nothing is recognised.
    """
    described = _description(folder)
    finders = (_folders, _cases, _pairs) if described else (_coco, _folders, _cases, _pairs)
    for find in finders:
        layout = find(folder, described, modality)
        if layout is not None and layout.references:
            return replace(layout, modality=modality or layout.modality)
    raise InputError(
        f"{folder} holds no labelled images. {why_none(folder)}".rstrip(),
        "Use the folders images and masks, imagesTr and labelsTr of nnU-Net or the Decathlon, COCO's "
        "annotations, cases of MedSeg, or files called NAME_image and NAME_mask.",
    )


def _folders(folder: Path, described: dict[str, Any], _: str) -> Layout | None:
    found = find_image_folders(folder, described)
    if found is None:
        return None
    return Layout(
        "folder", found.references, found.classes, found.task, found.modality, found.pairs, notes=found.notes
    )


def _coco(folder: Path, _: dict[str, Any], modality: str) -> Layout | None:
    annotations = find_annotations(folder)
    if annotations is None:
        return None
    modality = modality or "MR"
    found = read_coco(annotations, modality)
    return Layout("coco", found.references, found.classes, "instance", modality, is_flat=True)


def _cases(folder: Path, _: dict[str, Any], modality: str) -> Layout | None:
    """All cases are of one modality: that of most that say theirs where none is named."""
    from medseg_app.io.case_file import read_case_file

    found = find_case_files(folder, {})
    if not found:
        return None
    modalities = [case.modality for case in found if case.modality]
    modality = modality or max(sorted(set(modalities)), key=modalities.count, default="")
    segments = [
        segment
        for case in found
        if case.modality in ("", modality)
        for segment in read_case_file(case.path).segmentation.segments
    ]
    names = sorted({segment.class_name for segment in segments})
    classes = {name: value for value, name in enumerate(names, 1)}
    task: Literal["semantic", "instance"] = "semantic"
    if segments and all(segment.kind == "instance" for segment in segments):
        task = "instance"
    return Layout(
        "cases", find_case_files(folder, classes, (modality,)), dict(enumerate(names, 1)), task, modality
    )


def _pairs(folder: Path, _: dict[str, Any], __: str) -> Layout:
    found = [Pair("", f"*_image{suffix}", f"*_mask{suffix}") for suffix in SUFFIXES]
    nested = sorted({path.name for path in folder.glob("*/*image*") if path.name.endswith(SUFFIXES)})
    found += [Pair("", f"*/{name}", f"*/{name.replace('image', 'mask')}") for name in nested]
    pairs = tuple(pair for pair in found if any(folder.glob(pair.image)))
    return Layout("folder", find_references(folder, pairs), pairs=pairs)


def _description(folder: Path) -> dict[str, Any]:
    path = folder / "dataset.json"
    return read_json_object(path, "See nnU-Net's dataset.json.") if path.is_file() else {}
