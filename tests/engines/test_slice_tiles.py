"""Networks for slices: tiles with neighbours and margins, and the same answer as a plain loop gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.progress import silent
from medseg_app.core.volume import Volume
from medseg_app.engines import voxel_network
from medseg_app.engines.loaded_network import LoadedNetwork
from medseg_app.engines.model_card import ModelGrid, Network
from medseg_app.engines.model_folder_writer import write_model_folder
from medseg_app.engines.predict import predict
from medseg_app.engines.preprocess import (
    ChannelMaker,
    Preprocessing,
    Scaling,
    slice_with_neighbours,
    with_neighbours,
)
from medseg_app.engines.slice_tiles import SliceTiles, middle, takes_slices
from medseg_app.engines.sliding_window import slide
from medseg_app.engines.tile_channels import channels_on
from medseg_app.engines.tile_plan import TileSize

from .tiny_models import TINY, write_tiny_model

AS_IT_IS = channels_on("cpu", ChannelMaker((Scaling(-1.0, 1.0, (-1.0, 1.0), clip=True),)))
"""Channels that are the values themselves, for values of -1..1."""
edges = st.integers(1, 90)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).uniform(-1, 1, shape).astype(np.float32)


def test_what_takes_slices():
    assert takes_slices(Network("BasicUNet", {"spatial_dims": 2}))
    assert not takes_slices(Network("BasicUNet", {"spatial_dims": 3}))
    assert SliceTiles.of(Network("BasicUNet", {"spatial_dims": 3}), Preprocessing({})) is None


@pytest.mark.parametrize("neighbours", [0, 1, 2])
def test_many_slices_get_the_channels_that_one_slice_gets(neighbours):
    channels = noise(2, 9, 4, 5)
    stacked = with_neighbours(torch.from_numpy(channels), neighbours)
    assert stacked.shape == (2 * (2 * neighbours + 1), 9 - 2 * neighbours, 4, 5)
    for place, k in enumerate(range(neighbours, 9 - neighbours)):
        np.testing.assert_array_equal(stacked[:, place], slice_with_neighbours(channels, k, neighbours))


def test_the_middle_is_as_far_from_every_side():
    values = np.arange(2 * 6 * 9).reshape(2, 6, 9)
    np.testing.assert_array_equal(middle(values, [2, 5]), values[:, 2:4, 2:7])
    np.testing.assert_array_equal(middle(values, [6, 9]), values)
    assert torch.equal(middle(torch.from_numpy(values), [4, 1]), torch.from_numpy(values)[:, 1:5, 4:5])


def test_a_tile_is_mirrored_at_the_sides_and_repeated_beyond_the_ends():
    image = noise(4, 6, 7)
    read = SliceTiles(neighbours=1, margin=2).read(image, Box((0, 0, 0), (4, 6, 7)), AS_IT_IS)
    sides = np.pad(image, ((0, 0), (2, 2), (2, 2)), mode="symmetric")
    assert read.shape == (3, 4, 10, 11)
    for k in range(4):
        expected = slice_with_neighbours(sides[None], k, 1)
        np.testing.assert_allclose(read[:, k], expected, atol=1e-6)


def test_a_tile_beyond_the_end_repeats_the_last_slice():
    image = noise(3, 4, 4)
    read = SliceTiles(neighbours=2, margin=0).read(image, Box((2, 0, 0), (5, 4, 4)), AS_IT_IS)
    slices = [[0, 1, 2, 2, 2], [1, 2, 2, 2, 2], [2, 2, 2, 2, 2]]
    for place, wanted in enumerate(slices):
        np.testing.assert_allclose(read[:, place], image[wanted], atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.tuples(edges, edges, st.integers(1, 400)), st.integers(0, 2))
def test_every_slice_comes_back_whatever_the_shape(shape, neighbours):
    image, tiles = noise(*shape), SliceTiles(neighbours, 3)
    plan = tiles.plan(shape, TileSize(32, 32**3, 32**3))
    assert plan.tile[1] % 32 == plan.tile[2] % 32 == 0
    assert np.prod(plan.tile) <= 32**3
    slabs = slide(
        plan,
        lambda box: middle(tiles.read(image, box, AS_IT_IS)[neighbours : neighbours + 1], plan.tile[1:]),
        silent,
    )
    whole = np.concatenate([slab.numpy().copy() for slab in slabs], axis=1)
    np.testing.assert_allclose(whole[0], image, atol=1e-5)


def test_slices_are_whole_and_as_many_at_a_time_as_a_volume_tile_has_voxels():
    tiles = SliceTiles(1, 0)
    assert tiles.plan((40, 512, 512), TileSize.on("cpu")).tile == (1, 512, 512)
    assert tiles.plan((40, 128, 100), TileSize.on("cpu")).tile == (14, 128, 128)
    assert tiles.plan((40, 1024, 300), TileSize.on("cpu")).tile == (1, 512, 320)


def volume() -> Volume:
    steps = np.array([0.0, 0.0, 3.0]), np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
    geometry = VolumeGeometry.from_slices((7, 64, 32), steps[2], steps[1], np.arange(7)[:, None] * steps[0])
    return Volume((noise(7, 64, 32) * 1000).astype(np.int16) - 30, geometry, "1.2.3", "CT")


@pytest.fixture(params=["torch", "openvino"])
def backend(request, monkeypatch, tmp_path):
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "home"))
    if request.param == "torch":
        monkeypatch.setattr(voxel_network, "openvino_run", lambda *_: None)
    return request.param


def test_the_engine_says_what_a_plain_loop_over_slices_says(backend, tmp_path):
    tiny = write_tiny_model(tmp_path / "tiny", "unet for slices")
    card = replace(TINY["unet for slices"], grid=ModelGrid("SPL"))
    folder = write_model_folder(tmp_path / "model", card, tiny.weights())
    image = volume()
    found = np.zeros(image.voxels.shape, int)
    for candidate in predict(image, folder, device="cpu").candidates:
        found[candidate.box.slices][candidate.mask] = candidate.class_value

    network = LoadedNetwork(folder).on("cpu")
    channels = Preprocessing.from_json(card.preprocessing).measured(image.voxels, "CT")(image.voxels)
    expected = []
    for k in range(len(image.voxels)):
        one = torch.from_numpy(slice_with_neighbours(channels, k, 1))
        with torch.inference_mode():
            expected.append(np.array([0, 2, 5])[network(one[None])[0].argmax(dim=0).numpy()])
    agreement = np.mean(found == np.array(expected))
    assert len(np.unique(found)) == 3
    assert agreement == 1 if backend == "torch" else agreement > 0.999
