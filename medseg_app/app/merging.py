"""What a segment gets when it is merged with others: all their voxels, whatever is in the way."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import or_

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.label_writer import LabelWriter
from medseg_app.core.segment import Segment
from medseg_app.core.segmentation import Segmentation

from .fill_segment import fill_segment
from .groups import group_for


def united(segmentation: Segmentation, segment_ids: tuple[int, ...]) -> tuple[Box | None, NDArray[np.bool_]]:
    """All voxels of several segments in the box around them; no box where there are none."""
    boxes = [box for number in segment_ids if (box := segmentation.box(number)) is not None]
    if not boxes:
        return None, np.zeros((0, 0, 0), bool)
    around = reduce(or_, boxes)
    return around, np.logical_or.reduce([segmentation.mask(number, around) for number in segment_ids])


def take(writer: LabelWriter, segment: Segment, box: Box, mask: NDArray[np.bool_]) -> None:
    """Give a segment voxels of its own and of others, in an array where nothing is in their way."""
    segmentation = writer.segmentation
    there = segmentation.labels(segment.group)[box.slices][mask]
    if ((there != 0) & (there != segment.value)).any():
        writer.remove_segment(segment.id)
        group = group_for(writer, box, mask)
        segment = replace(segment, group=group, value=segmentation.free_value(group))
        writer.put_segment(segment)
    fill_segment(writer, segment, box, mask)
