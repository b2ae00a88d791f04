"""A new segment with the next free id, label, colour and name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from medseg_app.core.segment import Colour, Provenance, Segment
from medseg_app.core.segmentation import Segmentation

COLOURS: tuple[Colour, ...] = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (213, 94, 0), (204, 121, 167),
    (0, 114, 178), (152, 202, 108), (233, 134, 121), (146, 141, 224), (80, 190, 174), (205, 170, 89),
    (237, 189, 252), (152, 134, 56), (239, 200, 170), (253, 134, 227), (46, 244, 172), (95, 142, 163),
    (178, 92, 203), (220, 75, 105), (40, 188, 94), (213, 168, 190), (168, 120, 117), (46, 235, 251),
)  # fmt: skip
"""Okabe and Ito's colours for colour-blind readers, then others that are far from all before them."""


def new_segment(segmentation: Segmentation, name: str = "", group: int = 0, **row: Any) -> Segment:
    """A segment that is not in the segmentation yet. row: further fields of Segment, or `reader`."""
    reader = row.pop("reader", "")
    number = segmentation.free_id()
    segment = Segment(
        id=number,
        name=unique_name(segmentation, name or "Segment"),
        value=segmentation.free_value(group),
        group=group,
        colour=row.pop("colour", COLOURS[(number - 1) % len(COLOURS)]),
        provenance=row.pop("provenance", Provenance(reader=reader)),
    )
    return replace(segment, **row)


def unique_name(segmentation: Segmentation, name: str) -> str:
    """The name itself, or the name with the first free number behind it."""
    taken = {segment.name for segment in segmentation.segments}
    if name not in taken and name != "Segment":
        return name
    return next(f"{name} {n}" for n in range(1, len(taken) + 2) if f"{name} {n}" not in taken)
