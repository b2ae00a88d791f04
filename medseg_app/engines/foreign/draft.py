"""Draft: what was read from a stranger's model, before it becomes a model folder."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass

from medseg_app.engines.model_card import LabelClass, ModelCard
from medseg_app.engines.model_folder_writer import Papers

GOLDEN = 0.618034
"""Hues that follow each other at this distance are never alike."""
LICENCES = {
    "Apache License": "Apache-2.0",
    "MIT License": "MIT",
    "Permission is hereby granted, free of charge": "MIT",
    "Attribution-NonCommercial-ShareAlike 4.0": "CC-BY-NC-SA-4.0",
    "Attribution-NonCommercial 4.0": "CC-BY-NC-4.0",
    "Attribution-ShareAlike 4.0": "CC-BY-SA-4.0",
    "Attribution 4.0 International": "CC-BY-4.0",
    "GNU AFFERO GENERAL PUBLIC LICENSE": "AGPL-3.0",
    "GNU GENERAL PUBLIC LICENSE": "GPL",
}
"""Words that a licence's text holds -> its usual name; the first that fits counts."""
MAX_NAME = 64
"""DICOM's limit for the label of a segment."""
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Draft:
    """A model ready to be written.

    remarks: what of the original could not be kept, in words. is_own: a model folder of MedSeg's, whose
    card is kept as it is.
    """

    card: ModelCard
    weights: bytes
    papers: Papers
    remarks: tuple[str, ...] = ()
    is_own: bool = False


def classes(names: Mapping[int, str]) -> dict[int, LabelClass]:
    """Class values with a colour of their own each."""
    return {
        value: LabelClass(printable(name)[:MAX_NAME] or f"class {value}", _colour(value))
        for value, name in sorted(names.items())
    }


def printable(text: str) -> str:
    """The text on one line without letters that steer a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def licence_name(text: str) -> str:
    """The usual name of a licence from its text; its first words where it is not a usual one."""
    for words, name in LICENCES.items():
        if words.lower() in text.lower():
            return name
    first = next((line for line in map(printable, text.splitlines()) if line), "")
    return first[:80] or NOT_STATED


def model_name(text: str) -> str:
    """A name for a model from the name of a file or folder: letters, digits, dots, - and _ only."""
    kept = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in text
    )
    return kept.strip("-.") or "model"


def _colour(value: int) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(value * GOLDEN % 1.0, 0.65, 0.9)
    return round(red * 255), round(green * 255), round(blue * 255)
