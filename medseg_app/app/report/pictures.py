"""The pictures of the report: of the worst few cases, the slice with the largest error."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medseg_app.app.evaluate_folders import ComparedCase
from medseg_app.core.progress import Progress, silent

from .drawing import draw
from .worst_slice import worst_slice

MOST = 6
"""How many cases get a picture."""


@dataclass(frozen=True)
class Picture:
    """A PNG in words that a page can hold. wrong: voxels of the slice that differ."""

    case: str
    png_base64: str
    number: int
    slices: int
    wrong: int
    with_image: bool


def worst_first(cases: Sequence[ComparedCase]) -> list[ComparedCase]:
    """By mean Dice over the classes, then by name; cases in which there is nothing to judge come last."""

    def rank(case: ComparedCase) -> tuple[bool, float, str]:
        dice = case.comparison.mean["dice"]
        return dice is None, 0.0 if dice is None else dice, case.pair.name

    return sorted(cases, key=rank)


def pictures_of(
    cases: Sequence[ComparedCase], images: Path | None, progress: Progress = silent
) -> tuple[list[Picture], list[str]]:
    """Pictures of the first few cases in which anything differs, and remarks about missing images."""
    pictures, remarks = [], []
    for number, case in enumerate(cases[:MOST]):
        progress(number / MOST, f"Draw {case.pair.name}")
        found, remark = worst_slice(case, images)
        remarks += [remark] if remark else []
        if found is not None:
            png = b64encode(draw(found)).decode("ascii")
            with_image = found.image is not None
            pictures.append(Picture(case.pair.name, png, found.number, found.slices, found.wrong, with_image))
    return pictures, remarks
