"""Put the segments of a label map into the open case as one step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from medseg_app.core.label_map import LabelMap

from .fill_segment import fill_segment
from .groups import group_for
from .new_segment import unique_name

if TYPE_CHECKING:
    from .session import Session


def import_segments(session: Session, labels: LabelMap, file: str) -> tuple[int, ...]:
    """Add every segment that has voxels; returns their ids. Segments never take voxels from others."""
    segmentation = session.writable().segmentation
    made = []
    with session.step(f"Import {file}", source="import") as writer:
        for segment in labels.segments:
            box = labels.box(segment)
            if box is None:
                continue
            mask = labels.layers[segment.group][box.slices] == segment.value
            group = group_for(writer, box, mask)
            number = segmentation.free_id()
            row = replace(
                segment,
                id=number,
                group=group,
                value=segmentation.free_value(group),
                name=unique_name(segmentation, segment.name),
                provenance=replace(segment.provenance, file=file),
            )
            writer.put_segment(row)
            fill_segment(writer, row, box, mask)
            made.append(number)
    return tuple(made)
