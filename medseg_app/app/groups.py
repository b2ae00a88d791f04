"""Which label array a new segment goes into."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.label_writer import LabelWriter


def group_for(writer: LabelWriter, box: Box, mask: NDArray[np.bool_]) -> int:
    """The first group in which a mask meets no other segment and a label is free; a new one if none is.

    Nothing that a file or a model says about overlapping segments is lost this way.
    """
    segmentation = writer.segmentation
    for group in range(segmentation.groups):
        labels = segmentation.labels(group)
        if segmentation.free_value(group) > np.iinfo(labels.dtype).max:
            continue
        if not labels[box.slices][mask].any():
            return group
    return writer.add_group()
