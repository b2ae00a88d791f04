"""A part of a volume: the same values at the same place, and no claim to the files of the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from medseg_app.core.box import Box
from medseg_app.core.volume import Volume, VolumeSource

from .grids import regular_grids


@given(regular_grids(shear=True), st.data())
def test_a_part_keeps_its_place_and_not_its_files(geometry, data):
    voxels = np.arange(np.prod(geometry.shape), dtype=np.int16).reshape(geometry.shape)
    volume = Volume(voxels, geometry, "1.2", "CT", source=VolumeSource("dicom", Path("somewhere")))
    start = [data.draw(st.integers(0, n - 1)) for n in geometry.shape]
    box = Box.of(
        start, [data.draw(st.integers(a + 1, n)) for a, n in zip(start, geometry.shape, strict=True)]
    )
    part = volume.cropped(box)
    np.testing.assert_array_equal(part.voxels, voxels[box.slices])
    for index in ((0, 0, 0), np.subtract(box.shape, 1)):
        there = part.geometry.to_patient(index)
        np.testing.assert_allclose(there, geometry.to_patient(np.add(index, box.start)), atol=1e-8)
    assert not np.shares_memory(part.voxels, voxels)
    assert (part.id, part.modality, part.source) == ("1.2", "CT", None)
