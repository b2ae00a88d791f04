"""Data sets of a folder of images and a folder of masks of the same names, with or without dataset.json.

nnU-Net               dataset.json, imagesTr/NAME_0000.nii.gz, labelsTr/NAME.nii.gz
Medical Decathlon     dataset.json, imagesTr/NAME.nii.gz, labelsTr/NAME.nii.gz
plain                 images/NAME.nii.gz, masks/NAME.nii.gz (or labels); also NRRD, MHA, and masks as SEG
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from medseg_app.core.errors import InputError
from medseg_app.engines.modality_names import modality_named

from .dataset import find_references
from .recipe import Pair
from .references import FilePair, Reference

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
NAMING = (".seg.nrrd", ".seg.dcm")
"""Endings of masks that name their segments, whose values differ from file to file."""
IMAGES, MASKS = ("imagesTr", "images"), ("labelsTr", "labels", "masks")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class ImageFolders:
    """What was found; the fields are those of Layout."""

    references: tuple[Reference, ...]
    classes: Mapping[int, str]
    task: Literal["semantic", "instance"]
    modality: str
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...] = ()


def find_image_folders(folder: Path, described: dict[str, Any]) -> ImageFolders | None:
    """The images that have a mask; None where there are none.

    described: its dataset.json. Raises InputError for what it cannot be trained on: several channels, a label
    to be ignored, regions, two masks of one image.
    """
    modality, classes = _told(folder / "dataset.json", described)
    pairs = _pairs(folder)
    if not pairs:
        return None
    _require_one_mask(folder, pairs)
    found = find_references(folder, pairs)
    notes = (*_without_partner(folder, pairs, found), *_fewer(described, found))
    if pairs[0].by == "value":
        return ImageFolders(found, classes, "semantic", modality, pairs, notes)
    segments = [s for r in found for s in r.truth().segments]
    names = list(classes.values()) or sorted({segment.class_name for segment in segments})
    by_name = {name: value for value, name in enumerate(names, 1)}
    single = bool(segments) and all(segment.kind == "instance" for segment in segments)
    return ImageFolders(
        find_references(folder, pairs, by_name), dict(enumerate(names, 1)),
        "instance" if single else "semantic", modality, pairs, notes,
    )  # fmt: skip


def _told(path: Path, described: dict[str, Any]) -> tuple[str, dict[int, str]]:
    """Modality and classes by value, as far as dataset.json tells them."""
    channels = described.get("channel_names", described.get("modality", {}))
    labels = described.get("labels", {})
    if not isinstance(channels, dict) or not isinstance(labels, dict):
        raise InputError(
            f"{path} does not name channels and labels one by one.",
            'Write "channel_names": {"0": "CT"} and "labels": {"background": 0, "liver": 1}.',
        )
    if len(channels) > 1:
        raise InputError(f"{path} names several channels per case.", "Train on one image.")
    if "ignore" in labels:
        raise InputError(
            f"{path} has a label to be ignored, and MedSeg learns from every voxel.",
            "Leave the cases out that hold it, and take it out of dataset.json.",
        )
    modality = "".join(modality_named(str(name)) for name in channels.values())
    return modality, _names(path, labels)


def _names(path: Path, labels: dict[str, Any]) -> dict[int, str]:
    """nnU-Net writes name: value, the Decathlon value: name."""
    regions = [name for name, value in labels.items() if isinstance(value, list)]
    if regions:
        raise InputError(
            f"{path} describes regions of several values ({', '.join(regions)}), and MedSeg gives each "
            "voxel one class.",
            'Name each value of the masks as a class of its own, for example {"oedema": 1, "core": 2}.',
        )
    pairs = [(key, value) if str(key).isdecimal() else (value, key) for key, value in labels.items()]
    return {int(value): str(name) for value, name in pairs if str(value).isdecimal() and int(value) > 0}


def _pairs(folder: Path) -> tuple[Pair, ...]:
    """The patterns that find something, of the first two folders that do; by name if any mask names it."""
    for images, masks in product(IMAGES, MASKS):
        found = [
            Pair("", f"{images}/*{mark}{suffix}", f"{masks}/*{ending}")
            for suffix, mark, ending in product(SUFFIXES, ("_0000", ""), (*SUFFIXES, *NAMING))
            if find_references(folder, (Pair("", f"{images}/*{mark}{suffix}", f"{masks}/*{ending}"),))
        ]
        if found:
            by: Literal["value", "name"] = (
                "name" if any(p.labels.endswith(NAMING) for p in found) else "value"
            )
            return tuple(Pair("", pair.image, pair.labels, by) for pair in found)
    return ()


def _require_one_mask(folder: Path, pairs: tuple[Pair, ...]) -> None:
    ((image, masks),) = Counter(r.image for r in find_references(folder, pairs)).most_common(1)
    if masks > 1:
        raise InputError(f"{image} has two masks.", "Leave one of them.")
    second = tuple(
        Pair("", pair.image.replace("_0000", "_0001"), pair.labels) for pair in pairs if "_0000" in pair.image
    )
    if find_references(folder, second):
        raise InputError(f"{folder} holds several channels per case (_0000, _0001).", "Train on one image.")


def _without_partner(folder: Path, pairs: tuple[Pair, ...], found: Sequence[FilePair]) -> tuple[str, ...]:
    """How many images have no mask, and masks no image. Names no file: names may name patients."""
    used = {file for reference in found for file in reference.files}
    notes = []
    for pattern, what, other in (
        (pairs[0].image, "images", "a mask"),
        (pairs[0].labels, "masks", "an image"),
    ):
        files = [path for path in (folder / pattern).parent.iterdir() if path.name[0] != "."]
        count = sum(path.name.endswith((*SUFFIXES, *NAMING)) and path not in used for path in files)
        if count:
            notes.append(f"{what} without {other} of the same name, left out: {count}")
    return tuple(notes)


def _fewer(described: dict[str, Any], found: Sequence[FilePair]) -> tuple[str, ...]:
    """Where a data set says that it holds more cases: half a download looks like a whole one."""
    stated = described.get("numTraining")
    if not isinstance(stated, int) or stated <= len(found):
        return ()
    return (f"dataset.json says that there are {stated} cases to learn from, and {len(found)} are here",)


def why_none(folder: Path) -> str:
    """A sentence about what looks like a data set and is none; empty where nothing does."""
    pictures = [path for path in folder.glob("*/*") if path.suffix.lower() in PICTURES]
    if pictures:
        return f"Pictures such as {pictures[0].name} are read with COCO's annotations only."
    images = next((folder / name for name in IMAGES if (folder / name).is_dir()), None)
    masks = next((folder / name for name in MASKS if (folder / name).is_dir()), None)
    if images and masks:
        return f"No file in {masks.name} has the name of an image in {images.name}."
    return f"Masks of {images.name} are looked for in {', '.join(MASKS)}." if images else ""
