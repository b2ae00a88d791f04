"""Cancel frees the user within a second from the slowest shipped model, wherever in its run it is."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medseg_app.app.engine_lane import EngineLane
from medseg_app.core.errors import Cancelled
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Request
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.phantom import make_phantom
from tests.data_folder import ROOT

SLOWEST = "ct-head-neck-organs"
"""Of the shipped models it takes longest for one pass: half a second to a second for a tile on one core."""
LIMIT_SECONDS = 1.0


def large_body() -> Volume:
    """Forty slices of a body that fills 512 rows and columns."""
    small = make_phantom(7).volume
    plane = small.voxels[small.voxels.shape[0] // 2]
    wide = np.kron(plane, np.ones((3, 3), np.int16))[:512, :512]
    voxels = np.broadcast_to(np.pad(wide, [(0, 512 - n) for n in wide.shape], "edge"), (40, 512, 512)).copy()
    geometry = VolumeGeometry.regular(voxels.shape, np.diag([0.95, 0.95, 3.3, 1.0]), "1.2")
    return replace(small, voxels=voxels, geometry=geometry, modality="CT")


@pytest.mark.parametrize("seconds", [0.0, 0.35, 1.1], ids="after {} s at work".format)
def test_the_slowest_model_is_left_within_a_second(
    seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    model, lane = read_model_folder(ROOT / "models" / SLOWEST), EngineLane(tmp_path / "cache")
    begun = stopped = 0.0

    def stop(fraction: float, message: str = "") -> None:
        nonlocal begun, stopped
        if fraction > 0 and not begun:
            begun = time.monotonic()
        if begun and time.monotonic() - begun >= seconds:
            stopped = time.monotonic()
            raise Cancelled

    try:
        with pytest.raises(Cancelled):
            lane.propose(model, large_body(), Request(), "cpu", stop)
        assert stopped
        assert time.monotonic() - stopped < LIMIT_SECONDS
    finally:
        lane.close()
