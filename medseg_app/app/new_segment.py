"""A new segment with the next free id, label, colour and name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from medseg_app.core.colours import COLOURS
from medseg_app.core.segment import Provenance, Segment
from medseg_app.core.segmentation import Segmentation


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
