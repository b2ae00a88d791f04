"""COCO data sets: pictures of single slices, and one JSON file with the outline of every object."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import InputError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume

from .references import Reference

FOLDERS = ("", "images", "train2017", "val2017", "data")
"""Where pictures lie beside or below the JSON file."""


@dataclass(frozen=True, eq=False)
class CocoImage(Reference):
    """One picture. objects: (class value, outline: polygons or run lengths) of each object in it."""

    picture: Path
    size: tuple[int, int]
    objects: tuple[tuple[int, Any], ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """The picture."""
        return (self.picture,)

    def read(self) -> tuple[Volume, LabelMap]:
        """A volume of one slice of 1 mm pixels, and each object as a finding of its own."""
        grey, truth = _grey(self.picture, self.size), self.truth()
        return Volume(grey[None], truth.geometry, self.picture.name, self.modality), truth

    def truth(self) -> LabelMap:
        """The objects, from their outlines alone."""
        geometry = VolumeGeometry.regular((1, *self.size), np.eye(4), "")
        masks = [(value, _mask(outline, self.size)) for value, outline in self.objects]
        layers = tuple(np.where(mask, value, 0).astype(np.uint8)[None] for value, mask in masks)
        segments = tuple(
            Segment(n + 1, f"Object {n + 1}", value, n, kind="instance") for n, (value, _) in enumerate(masks)
        )
        empty = (np.zeros((1, *self.size), np.uint8),)
        return LabelMap(layers or empty, geometry, segments)


@dataclass(frozen=True)
class CocoSet:
    """The pictures of a data set and its classes by value (from 1, in the order of their ids)."""

    references: tuple[CocoImage, ...]
    classes: dict[int, str]


def find_annotations(folder: Path) -> Path | None:
    """The JSON file of a COCO data set; None where the folder holds none."""
    for pattern in ("*.json", "annotations/instances_*.json", "annotations/*.json"):
        for path in sorted(folder.glob(pattern)):
            with path.open("rb") as stream:
                if path.stat().st_size < 1 << 30 and b'"annotations"' in stream.read():
                    return path
    return None


def read_coco(path: Path, modality: str = "MR") -> CocoSet:
    """The pictures that a JSON file describes. Raises InputError where it is not COCO's."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        values = {category["id"]: n for n, category in enumerate(_sorted(data["categories"]), 1)}
        names = {values[category["id"]]: str(category["name"]) for category in data["categories"]}
        objects: dict[int, list[tuple[int, Any]]] = defaultdict(list)
        for found in data["annotations"]:
            if not found.get("iscrowd"):
                objects[found["image_id"]].append((values[found["category_id"]], found["segmentation"]))
        images = _sorted(data["images"])
        references = tuple(_reference(path, image, tuple(objects[image["id"]]), modality) for image in images)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a COCO data set ({error}).", "Check its format.") from error
    return CocoSet(references, names)


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: int(row["id"]))


def _reference(
    path: Path, image: dict[str, Any], objects: tuple[tuple[int, Any], ...], modality: str
) -> CocoImage:
    """Pictures of one patient carry `patient`, as MedSeg writes it; else each is one of its own."""
    name = Path(str(image["file_name"]))
    if name.is_absolute() or ".." in name.parts:
        raise ValueError(f"the picture {name} lies outside")
    places = [root / part / name for root in (path.parent, path.parent.parent) for part in FOLDERS]
    picture = next((place for place in places if place.is_file()), path.parent / name)
    case = name.with_suffix("").as_posix()
    size = int(image["height"]), int(image["width"])
    return CocoImage(str(image.get("patient", case)), modality, picture, size, objects, case=case)


def _grey(picture: Path, size: tuple[int, int]) -> NDArray[Any]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(picture) as image:
            if image.size != (size[1], size[0]):
                raise InputError(f"{picture} is not as large as its data set says.", "Mend the data set.")
            grey = np.array(image if image.mode.startswith("I") else image.convert("L"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InputError(f"{picture} cannot be read ({error}).", "Leave it out of the data set.") from error
    return grey.astype(np.int32) if grey.max() > 32767 else grey.astype(np.int16)


def _mask(outline: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    from pycocotools import mask  # type: ignore[import-untyped]

    if isinstance(outline, list):
        packed = mask.merge(mask.frPyObjects(outline, *size))
    elif isinstance(outline.get("counts"), list):
        packed = mask.frPyObjects(outline, *size)
    else:
        packed = outline
    return np.asarray(mask.decode(packed), bool)
