"""Fill a segment with voxels told exactly: by a file, by the segment that it copies, by those it unites."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.label_writer import LabelWriter
from medseg_app.core.segment import Segment


def fill_segment(writer: LabelWriter, segment: Segment, box: Box, mask: NDArray[np.bool_]) -> None:
    """Give a segment all voxels of a mask (shape of the box) that no other one of its group has.

    That a reader once took a voxel from another segment is no reason to lose it from this one.
    """
    free = mask & (writer.segmentation.labels(segment.group)[box.slices] == 0)
    writer.release(segment.group, box, free)
    writer.write(LabelPatch(segment.id, box, mask, source="import"))
