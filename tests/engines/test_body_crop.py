"""Looking at the body only: the box holds all of it, and slabs come back in their place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume
from medseg_app.engines import slice_engine, voxel_engine
from medseg_app.engines.body_crop import MARGIN, body_box, with_air
from medseg_app.engines.model_card import ModelGrid
from medseg_app.engines.predict import predict
from medseg_app.engines.tile_plan import TileSize
from medseg_app.engines.voxel_network import VoxelNetwork

from .tiny_models import write_tiny_model

corner = st.tuples(*[st.integers(0, 19)] * 3)


@given(corner, corner)
def test_the_box_holds_the_body_and_its_margin(first, second):
    image = np.full((20, 20, 20), -1000.0)
    image[first] = image[second] = 40.0
    box = body_box(image, -300.0)
    low, high = np.minimum(first, second), np.maximum(first, second)
    assert box.start == tuple(np.maximum(low - MARGIN, 0))
    assert box.stop == tuple(np.minimum(high + 1 + MARGIN, 20))


def test_all_is_looked_at_without_a_value_or_without_a_body():
    air = np.full((4, 5, 6), -1000.0)
    assert body_box(air, None) == body_box(air, -300.0) == Box.whole((4, 5, 6))


@settings(deadline=None)
@given(st.data())
def test_slabs_come_back_in_their_place(data):
    shape = (9, 8, 7)
    start = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
    stop = tuple(data.draw(st.integers(a + 1, n)) for a, n in zip(start, shape, strict=True))
    box = Box.of(start, stop)
    inside = np.random.default_rng(0).random((3, *box.shape)).astype(np.float32)
    cut = data.draw(st.integers(0, box.shape[0]))
    slabs = [slab for slab in (inside[:, :cut], inside[:, cut:]) if slab.shape[1]]
    laid = with_air((torch.from_numpy(slab) for slab in slabs), box, shape)
    whole = np.concatenate([slab.numpy().copy() for slab in laid], axis=1)
    expected = np.zeros((3, *shape), np.float32)
    expected[0] = 1.0
    expected[(slice(None), *box.slices)] = inside
    assert np.array_equal(whole, expected)


def test_an_engine_looks_at_the_body_only_and_answers_on_the_whole_grid(tmp_path, monkeypatch):
    """An oblique, anisotropic image: labels lie in the box of the body, in the frame of the volume."""
    affine, turn = np.eye(4), np.deg2rad(20)
    affine[:3, 0] = 0, 0, 3
    affine[:3, 1] = -2 * np.sin(turn), 2 * np.cos(turn), 0
    affine[:3, 2] = 2 * np.cos(turn), 2 * np.sin(turn), 0
    geometry = VolumeGeometry.regular((40, 70, 90), affine, "1.2.3")
    voxels = np.full(geometry.shape, -1000, np.int16)
    voxels[14:26, 30:44, 50:66] = np.random.default_rng(1).integers(-100, 900, (12, 14, 16))
    folder = write_tiny_model(tmp_path / "tiny", "unet")
    card = replace(folder.card, grid=ModelGrid("SPL", None, None, -300.0))
    seen = []
    real = voxel_engine.plan_tiles
    monkeypatch.setattr(
        voxel_engine, "plan_tiles", lambda shape, *how: seen.append(shape) or real(shape, *how)
    )
    found = predict(
        Volume(voxels, geometry, "1.2", "CT"), replace(folder, card=card), device="cpu"
    ).candidates
    assert seen == [(12 + 2 * MARGIN, 14 + 2 * MARGIN, 16 + 2 * MARGIN)]
    assert found
    body = Box.of((14, 30, 50), (26, 44, 66)).grown((MARGIN,) * 3)
    for candidate in found:
        assert body.contains(candidate.box)


def test_tiles_of_air_between_two_limbs_are_not_computed(tmp_path, monkeypatch):
    """The network of this test sees findings everywhere, so a tile of air that it was shown would tell."""
    geometry = VolumeGeometry.regular((32, 32, 160), np.eye(4)[[2, 1, 0, 3]], "1.2.3")
    voxels = np.full(geometry.shape, -1000, np.int16)
    voxels[8:24, 8:24, 4:20] = voxels[8:24, 8:24, 140:156] = 200
    seen = []

    def on(network, device, precision):
        def run(tile):
            seen.append(float(tile.max()))
            return torch.stack([torch.zeros_like(tile[0]), torch.ones_like(tile[0]), tile[0] * 0 - 9])

        return run

    monkeypatch.setattr(VoxelNetwork, "on", on)
    monkeypatch.setattr(TileSize, "on", lambda device: TileSize(32, 32**3, 32**3))
    folder = write_tiny_model(tmp_path / "tiny", "unet")
    labels = {}
    for above in (-300.0, -1200.0):
        card = replace(folder.card, grid=ModelGrid("SPL", None, None, above))
        (found,) = predict(
            Volume(voxels, geometry, "1.2", "CT"), replace(folder, card=card), device="cpu"
        ).candidates
        labels[above] = np.zeros(geometry.shape, bool)
        labels[above][found.box.slices] = found.mask
        if above == -300.0:
            shown, tiles = len(seen), seen.copy()
    assert min(tiles) > 0
    assert 0 < shown < len(seen) - shown
    marked = labels[-300.0].any(axis=(0, 1))
    assert marked[:20].all()
    assert marked[140:].all()
    assert not marked[60:100].any()
    assert labels[-1200.0].all()


def test_slices_are_looked_at_from_a_whole_cell_before_the_body(tmp_path, monkeypatch):
    """Findings of the network stand at their place in the volume; slices of air are left out."""
    voxels = np.full((30, 160, 200), -1000, np.int16)
    voxels[12:18, 80:110, 150:180] = np.random.default_rng(1).integers(-100, 900, (6, 30, 30))
    affine = np.eye(4)[[2, 1, 0, 3]]
    volume = Volume(voxels, VolumeGeometry.regular(voxels.shape, affine, "1.2.3"), "1.2", "CT")
    folder = write_tiny_model(tmp_path / "tiny", "mask_rcnn")
    card = replace(folder.card, grid=ModelGrid("SPL", None, None, -300.0))
    seen = []

    def finds_what_is_bright(network, images, device):
        seen.extend(image.shape[1:] for image in images)
        masks = np.zeros((len(images), 1, 1, 110 + MARGIN - 64, 180 + MARGIN - 128), np.float32)
        masks[..., 80 - 64 : 110 - 64, 150 - 128 : 180 - 128] = 1.0
        return [{"labels": np.array([1]), "scores": np.array([0.9]), "masks": mask} for mask in masks]

    monkeypatch.setattr(slice_engine, "_run", finds_what_is_bright)
    (found,) = predict(volume, replace(folder, card=card), device="cpu").candidates
    assert set(seen) == {(110 + MARGIN - 64, 180 + MARGIN - 128)}
    assert (found.box.start[1:], found.box.stop[1:]) == ((80, 150), (110, 180))
    assert (found.box.start[0], found.box.stop[0]) == (12, 18)
