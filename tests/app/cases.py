"""Cases of MedSeg made by hand: named segments on the grid of the label files, without images to be found."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medseg_app.app.case_output import case_of
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.io.case_file import write_case_file
from tests.app.label_files import SHAPE, grid

Columns = tuple[int, int]
NOWHERE: Columns = (0, 0)
"""The columns of a segment that is empty."""


def write_case(path: Path, *segments: tuple[str, Columns], findings: tuple[str, ...] = (), **row) -> Path:
    """A case with segments of values 1, 2 ... in this order; each a slab as in `label_files.labels`.

    findings: names of segments that are of kind "instance". row: further fields of those.
    """
    voxels = np.zeros(SHAPE, np.uint8)
    rows = []
    for value, (name, (start, stop)) in enumerate(segments, start=1):
        voxels[1:5, 4:12, start:stop] = value
        more = {"kind": "instance", **row} if name in findings else {}
        rows.append(Segment(value, name, value, **more))
    volume = Volume(np.zeros(SHAPE, np.int16), grid(), id="1.2.3", modality="CT")
    path.parent.mkdir(exist_ok=True)
    write_case_file(path, case_of(LabelMap((voxels,), grid(), tuple(rows)), volume))
    return path
