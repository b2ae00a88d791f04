"""The real TotalSegmentator, where it is installed, with a network whose answer is known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medseg_app.core.volume import Volume
from medseg_app.engines.predict import predict
from medseg_app.engines.registry import find_model
from tests.engines.grids import GRIDS, centroid, ellipsoid

from .linear_weights import LIVER, write_weights


@pytest.mark.parametrize("name", ["oblique", "anisotropic", "sagittal", "left-handed", "sheared"])
def test_the_object_comes_back_at_its_place(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("totalsegmentator", reason="TotalSegmentator is not installed")
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "results"))
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "home"))
    write_weights(tmp_path / "results")
    geometry = GRIDS[name]
    voxels = (ellipsoid(geometry) * 2000 - 1000).astype(np.int16)
    messages: list[str] = []
    proposal = predict(
        Volume(voxels, geometry, "1", "CT"), find_model("totalsegmentator-total-fast"), device="cpu",
        progress=lambda fraction, message="": messages.append(f"{fraction:.2f} {message}"),
    )  # fmt: skip
    (candidate,) = proposal.candidates
    assert (candidate.class_value, candidate.name) == (LIVER, "Liver")
    mine = np.zeros(geometry.shape, bool)
    mine[candidate.box.slices] = candidate.mask
    truth = ellipsoid(geometry) > 0.5
    shared = 2 * np.count_nonzero(mine & truth) / (np.count_nonzero(mine) + np.count_nonzero(truth))
    # Its way back from 3 mm is by the nearest voxel, and its samples lie up to half a voxel off.
    assert np.linalg.norm(centroid(mine, geometry) - centroid(truth, geometry)) < 1.5
    assert shared > 0.85
    assert any("Predicting" in message for message in messages)
    assert not list((tmp_path / "home" / "cache" / "exchange").iterdir())
