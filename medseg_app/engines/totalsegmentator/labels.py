"""The classes of TotalSegmentator in the terms of DICOM SEG, from the tables of its package."""

from __future__ import annotations

import colorsys
import csv
import io
from functools import cache
from importlib.resources import files

from medseg_app.core.segment import Code, Colour
from medseg_app.engines.model_card import LabelClass

TABLE = "resources/totalsegmentator_snomed_mapping.csv"
CATEGORY, TYPE = "SegmentedPropertyCategoryCodeSequence", "SegmentedPropertyTypeCodeSequence"
MODIFIER, REGION = "SegmentedPropertyTypeModifierCodeSequence", "AnatomicRegionSequence"
SIDES = {"left": Code("7771000", "SCT", "Left"), "right": Code("24028007", "SCT", "Right")}
ABSENT = {"lung": Code("39607008", "SCT", "Lung"), "vertebrae": Code("51282000", "SCT", "Vertebra")}
"""Structures of the tasks that the table of the package does not have, without their side."""
Row = dict[str, str]


def labels_of(task: str) -> dict[int, LabelClass]:
    """The classes of a task by their value."""
    from totalsegmentator.map_to_binary import class_map

    return {int(value): _label(name, int(value)) for value, name in class_map[task].items()}


def name_in_words(name: str) -> str:
    """The name of a class for people: kidney_right is Right kidney, rib_left_1 Left rib 1."""
    words = name.split("_")
    sides = [word for word in words if word in SIDES]
    text = " ".join([*sides, *(word for word in words if word not in SIDES)])
    return text[0].upper() + text[1:]


def _label(name: str, value: int) -> LabelClass:
    row = _table().get(name)
    if row is None:
        return _label_without_row(name, value)
    modifier = _code(row, MODIFIER)
    return LabelClass(
        name_in_words(name),
        _colour_of(row) or _colour(value),
        category=_code(row, CATEGORY) or LabelClass.category,
        type=_code(row, TYPE) or LabelClass.type,
        modifiers=(modifier,) if modifier else (),
        region=_code(row, REGION),
    )


def _label_without_row(name: str, value: int) -> LabelClass:
    whole, _, side = name.rpartition("_")
    code = ABSENT.get(whole if side in SIDES else name)
    words, colour = name_in_words(name), _colour(value)
    if code is None:
        return LabelClass(words, colour)
    return LabelClass(words, colour, type=code, modifiers=(SIDES[side],) if side in SIDES else ())


@cache
def _table() -> dict[str, Row]:
    text = files("totalsegmentator").joinpath(TABLE).read_text(encoding="utf-8")
    return {row["Structure"]: row for row in csv.DictReader(io.StringIO(text))}


def _code(row: Row, sequence: str) -> Code | None:
    value, scheme, meaning = (
        (row.get(f"{sequence}.{part}") or "").strip()
        for part in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
    )
    return Code(value, scheme, meaning) if value and scheme and meaning else None


def _colour_of(row: Row) -> Colour | None:
    parts = (row.get("DicomRGBColor") or "").split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
        return None
    red, green, blue = (min(int(part), 255) for part in parts)
    return red, green, blue


def _colour(value: int) -> Colour:
    """Neighbouring values far apart on the circle of colours."""
    red, green, blue = colorsys.hsv_to_rgb(value * 0.618 % 1, 0.65, 0.9)
    return round(255 * red), round(255 * green), round(255 * blue)
