"""What is written in an edit can be checked without us."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from medseg_app.core.label_edit import checksum


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [0, 1, 7, 1000])
def test_the_checksum_is_the_crc_32_of_the_standard_library(dtype, size):
    voxels = np.random.default_rng(size).integers(0, 256, (2, size, 3)).astype(dtype)
    assert checksum(voxels) == zlib.crc32(voxels.tobytes())
    part = voxels[:, ::2, 1:]
    assert checksum(part) == zlib.crc32(part.tobytes())
