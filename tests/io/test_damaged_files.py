"""Bytes changed at random anywhere in a file give labels or one readable error, never anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from medseg_app.core.errors import InputError
from medseg_app.io.formats import export_labels, read_image, read_labels

from .made_labels import labels_on
from .made_series import grids, make_series

ROUNDS = 120


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["x.seg.dcm", "x.nii", "x.nii.gz", "x.nrrd", "x.mha"])
def test_changed_bytes(tmp_path: Path, name: str) -> None:
    volume = make_series(tmp_path / "series", grids()["oblique"])
    export_labels(labels_on(volume.geometry), volume, tmp_path / name)
    content = np.frombuffer((tmp_path / name).read_bytes(), np.uint8)
    chance = np.random.default_rng(3)
    refused = 0
    for _ in range(ROUNDS):
        changed = content.copy()
        where = chance.integers(0, min(len(changed), 6000), size=chance.integers(1, 12))
        changed[where] = chance.integers(0, 256, size=len(where))
        (tmp_path / name).write_bytes(changed.tobytes())
        for read in (read_labels, read_image):
            message = _refusal(read, tmp_path / name)
            refused += message is not None
            assert message is None or name in message
    assert refused > 0


def _refusal(read: Callable[[Path], object], path: Path) -> str | None:
    try:
        read(path)
    except InputError as error:
        return error.message
    return None
