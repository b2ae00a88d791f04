"""What is written in an edit can be checked without us, and what was written earlier is read."""

from __future__ import annotations

import json
import struct
import zlib

import numpy as np
import pytest

from medseg_app.core.label_edit import LabelEdit, checksum, from_bytes, to_bytes


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [0, 1, 7, 1000])
def test_the_checksum_is_the_crc_32_of_the_standard_library(dtype, size):
    voxels = np.random.default_rng(size).integers(0, 256, (2, size, 3)).astype(dtype)
    assert checksum(voxels) == zlib.crc32(voxels.tobytes())
    part = voxels[:, ::2, 1:]
    assert checksum(part) == zlib.crc32(part.tobytes())


@pytest.mark.parametrize(("named", "added"), [(None, 0), (3, 1)])
def test_a_step_of_version_1_is_read(named, added):
    """It named the one label array that it could add."""
    data = to_bytes(LabelEdit("Import", 4, 5, {}, {}, ()))
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length]) | {"version": 1, "new_group": named}
    del header["new_groups"]
    text = json.dumps(header).encode()
    assert from_bytes(struct.pack("<I", len(text)) + text).new_groups == added
