"""The page for people: one HTML file without scripts and without anything from outside."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from .drawing import PREDICTION, TRUTH
from .pictures import Picture

TEMPLATE = Path(__file__).parent / "page.html"
FIGURES = (
    ("dice", "Dice", 3),
    ("iou", "IoU", 3),
    ("nsd", "NSD", 3),
    ("hd95_mm", "HD95 mm", 1),
    ("volume_error_ml", "Volume error ml", 2),
    ("volume_error_relative", "Volume error %", 0),
)
"""Key, heading and decimals of the figures of a class."""
FINDINGS = (
    ("recall", "Sensitivity"),
    ("precision", "Precision"),
    ("f1", "F1"),
    ("false_positives_per_case", "False positives per case"),
    ("pq", "Panoptic quality"),
    ("sq", "Segmentation quality"),
    ("rq", "Recognition quality"),
    ("dice", "Dice of all findings as one mask"),
)
CLASS_FINDINGS = (
    ("recall", "Sensitivity"),
    ("precision", "Precision"),
    ("f1", "F1"),
    ("pq", "PQ"),
    ("sq", "SQ"),
    ("rq", "RQ"),
)
"""Key and heading of the figures of the findings of a class."""
NOTHING = "–"


def page(
    document: dict[str, Any],
    order: Sequence[str],
    pictures: Sequence[Picture],
    folders: Sequence[Path],
    unjudged: Sequence[str],
) -> str:
    """The HTML of an evaluation's document; order: names of its cases, worst first.

    All texts that come from files are escaped. folders: where the files lie; folders may be called after
    patients, so the page names none of them. unjudged: sentences about classes that were left out as unknown.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(number=number, percent=percent, colour=_colour)
    return environment.from_string(TEMPLATE.read_text("utf-8")).render(
        document=document,
        order=order,
        pictures=pictures,
        figures=FIGURES,
        class_figures=CLASS_FINDINGS,
        finding_rows=_finding_rows(document["findings"]),
        left_out=[(Path(one["path"]).name, _without(folders, one["reason"])) for one in document["left_out"]],
        unjudged=unjudged,
        truth=TRUTH,
        prediction=PREDICTION,
    )


def _finding_rows(found: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Two columns of (title, figure) side by side; None where one of them is shorter."""
    left = [(title, found[key]) for key, title in FINDINGS]
    right = [(f"AP at IoU {name}", figure) for name, figure in found["ap"].items()]
    right += [
        (f"Sensitivity at {rate} false positives per case", figure) for rate, figure in found["froc"].items()
    ]
    return list(zip_longest(left, right))


def _without(folders: Sequence[Path], reason: str) -> str:
    for folder in folders:
        reason = reason.replace(f"{folder}{os.sep}", "")
    return reason


def number(value: float | None, key: str = "", decimals: int = 3) -> str:
    """A figure as it is read: relative errors in percent, undefined ones as a dash."""
    if value is None:
        return NOTHING
    text = f"{value * 100:.0f}" if key == "volume_error_relative" else f"{value:.{decimals}f}"
    return (
        "0" + text[2:]
        if text.startswith("-0") and not text.strip("-0.")
        else text.replace("-", "\N{MINUS SIGN}")
    )


def percent(value: float) -> str:
    """A share of a bar's length for the style sheet."""
    return f"{min(max(value, 0.0), 1.0) * 100:.1f}%"


def _colour(rgb: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
