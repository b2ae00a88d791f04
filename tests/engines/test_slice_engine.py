"""Findings of slices through the whole engine, with a network that sees what the test tells it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from medseg_app.core.progress import silent
from medseg_app.core.volume import Volume
from medseg_app.engines import slice_engine
from medseg_app.engines.contract import Request
from medseg_app.engines.loaded_network import LoadedNetwork
from medseg_app.engines.model_card import ModelGrid
from medseg_app.engines.networks import build_network
from medseg_app.engines.predict import build_engine, run_engine

from .grids import GRIDS
from .tiny_models import TINY, tiny_weights

LEFT, RIGHT, MERGED = 100, 300, 500
"""Hounsfield units: a network of these tests sees each as an object, the last as one that holds both."""
SCORES = {LEFT: 0.9, RIGHT: 0.8, MERGED: 0.85}


class _Seeing(torch.nn.Module):
    """Answers as torchvision's detectors do: one detection for each of the three values."""

    def forward(self, images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        return [self._seen(image[1] * 1000) for image in images]

    def _seen(self, middle: torch.Tensor) -> dict[str, torch.Tensor]:
        found = [(value, mask) for value in SCORES if (mask := (middle - value).abs() < 50).any()]
        masks = torch.stack([mask for _, mask in found]) if found else torch.zeros(0, *middle.shape)
        return {
            "boxes": torch.zeros(len(found), 4),
            "labels": torch.ones(len(found), dtype=torch.int64),
            "scores": torch.tensor([SCORES[value] for value, _ in found]),
            "masks": masks[:, None].float(),
        }


@pytest.fixture
def volume() -> Volume:
    """Two blocks that touch, the third slice of which is seen as one."""
    geometry = GRIDS["anisotropic"]
    voxels = np.full(geometry.shape, -900, np.int16)
    k = geometry.shape[0] // 2
    voxels[k - 2 : k + 3, 8:20, 8:18] = LEFT
    voxels[k - 2 : k + 3, 8:20, 18:28] = RIGHT
    voxels[k, 8:20, 8:28] = MERGED
    return Volume(voxels, geometry, "1.2.3", "CT")


def _candidates(volume, folder, monkeypatch, thresholds):
    from medseg_app.engines.model_folder_writer import write_model_folder

    grid = ModelGrid("SPL", None)
    card = replace(TINY["mask_rcnn"], grid=grid, thresholds={"min_score": 0.1, **thresholds})
    model = write_model_folder(folder / "m", card, tiny_weights("mask_rcnn"))
    monkeypatch.setattr(LoadedNetwork, "on", lambda *_: _Seeing())
    proposal = run_engine(build_engine(model), volume, Request(), "cpu", silent)
    labels = np.zeros(volume.geometry.shape, int)
    for number, candidate in enumerate(proposal.candidates, 1):
        labels[candidate.box.slices][candidate.mask] = number
    return proposal.candidates, labels


def test_two_that_touch_are_two_findings_voxel_by_voxel(volume, tmp_path, monkeypatch):
    found, labels = _candidates(volume, tmp_path, monkeypatch, {"cluster_iou": 0.4})
    assert [round(one.score, 3) for one in found] == [
        pytest.approx((4 * SCORES[side] + SCORES[MERGED]) / 5, abs=1e-3) for side in (LEFT, RIGHT)
    ]
    k = volume.geometry.shape[0] // 2
    wanted = np.zeros_like(labels)
    wanted[k - 2 : k + 3, 8:20, 8:18], wanted[k - 2 : k + 3, 8:20, 18:28] = 1, 2
    np.testing.assert_array_equal(labels, wanted)


def test_where_memory_is_short_slices_are_computed_one_by_one(volume, tmp_path, monkeypatch):
    plain = _candidates(volume, tmp_path / "plain", monkeypatch, {})[1]
    asked, see = [], _Seeing.forward

    def forward(self, images):
        asked.append(len(images))
        if len(images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return see(self, images)

    monkeypatch.setattr(_Seeing, "forward", forward)
    np.testing.assert_array_equal(_candidates(volume, tmp_path / "short", monkeypatch, {})[1], plain)
    assert 1 in asked
    assert max(asked) > 1


def test_a_card_without_clustering_links_alone(volume, tmp_path, monkeypatch):
    found, labels = _candidates(volume, tmp_path, monkeypatch, {})
    k = volume.geometry.shape[0] // 2
    assert len(found) == 2
    assert len(np.unique(labels[k, 8:20, 8:28])) == 1


@pytest.mark.parametrize(("size", "together"), [((30, 40), 4), ((256, 256), 4), ((256, 257), 1)])
def test_small_slices_are_computed_together_the_same_ones_wherever_the_reader_looks(size, together):
    slices, (rows, columns) = slice(3, 12), (slice(0, count) for count in size)
    groups = slice_engine._groups(slices, rows, columns)
    assert [k for group in groups for k in group] == list(range(3, 12))
    assert max(map(len, groups)) == together
    for focus in range(16):
        order = slice_engine._outwards(groups, focus)
        assert sorted(order, key=lambda group: group.start) == groups
        assert min(abs(k - focus) for k in order[0]) == min(abs(k - focus) for k in range(3, 12))


@pytest.mark.parametrize("name", ["mask_rcnn", "yolact", "mask2former", "detr"])
def test_a_slice_among_others_is_answered_as_alone(name):
    """Up to rounding."""
    network, rng = build_network(TINY[name].network).eval(), np.random.default_rng(2)
    images = [rng.normal(0, 1, (3, 64, 72)).astype(np.float32) for _ in range(3)]
    with torch.inference_mode():
        together = slice_engine._run(network, images, "cpu")
        alone = [answer for image in images for answer in slice_engine._run(network, [image], "cpu")]
    assert len(together) == 3
    assert slice_engine._run(network, [], "cpu") == []
    for one, other in zip(together, alone, strict=True):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_allclose(one[key], other[key], atol=1e-4, err_msg=key)
