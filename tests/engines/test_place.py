"""Through a whole adapter, a thing that a network sees comes back at its place in the patient.

The network is replaced by one that cannot err: what is bright is the object. Everything else, from
turning and resampling to tiles, linking and the way back, is what users run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medseg_app.core.box import Box
from medseg_app.core.proposal import Candidate
from medseg_app.core.volume import Volume
from medseg_app.engines.loaded_network import LoadedNetwork
from medseg_app.engines.predict import predict

from .grids import GRIDS, centroid, ellipsoid
from .tiny_models import write_tiny_model

pytestmark = pytest.mark.usefixtures("nothing_converted")

LEAN = 0.2 - 0.5
"""Moves "half" to the threshold for masks in the tiny model's card."""


def _every_voxel(batch: Any) -> Any:
    """Logits (1, 3, k, j, i) of a semantic network that calls class 1 what is above 0."""
    import torch

    likely = batch * 4
    return torch.cat([torch.zeros_like(likely), likely, torch.full_like(likely, -50.0)], 1)


def _every_slice(images: Any) -> Any:
    """One detection of what is above 0 in the middle of three neighbouring slices."""
    import torch

    answers = []
    for middle in (image[1] for image in images):
        found = bool((middle > 0).any())
        masks = (middle / 2 + 0.5 + LEAN)[None, None][: int(found)]
        ones = torch.ones(int(found))
        answers.append({"labels": ones.long(), "scores": ones * 0.9, "masks": masks})
    return answers


def _propose(
    engine: str, network: Any, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Candidate, ...]:
    monkeypatch.setattr(LoadedNetwork, "on", lambda self, device: network)
    geometry = GRIDS[name]
    voxels = (ellipsoid(geometry) * 2000 - 1000).astype(np.int16)
    proposal = predict(
        Volume(voxels, geometry, "1", "CT"), write_tiny_model(folder / "m", engine), device="cpu"
    )
    return proposal.candidates


@pytest.mark.parametrize("name", [name for name in GRIDS if name != "single slice"])
@pytest.mark.parametrize("engine", ["unet", "mask_rcnn"])
def test_the_object_comes_back_at_its_place(
    engine: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = _every_voxel if engine == "unet" else _every_slice
    (candidate,) = _propose(engine, network, name, tmp_path, monkeypatch)
    geometry = GRIDS[name]
    truth = ellipsoid(geometry) > 0.5
    mine = np.zeros(geometry.shape, bool)
    mine[candidate.box.slices] = candidate.mask
    shared = 2 * np.count_nonzero(mine & truth) / (np.count_nonzero(mine) + np.count_nonzero(truth))
    off = np.linalg.norm(centroid(mine, geometry) - centroid(truth, geometry))
    assert off <= 0.1 * max(3.0, *geometry.spacing_kji)
    assert shared > (0.85 if name == "coarse" else 0.9)


def test_without_resampling_not_one_voxel_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (candidate,) = _propose("mask_rcnn", _every_slice, "anisotropic", tmp_path, monkeypatch)
    truth = (ellipsoid(GRIDS["anisotropic"]) * 2000 - 1000).astype(np.int16) >= 0
    box = Box.around(truth)
    assert box is not None
    assert candidate.box == box
    np.testing.assert_array_equal(candidate.mask, truth[box.slices])
