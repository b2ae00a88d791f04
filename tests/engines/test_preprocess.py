"""Channels: windows in HU, percentiles of the image given, neighbours of a slice."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medseg_app.core.errors import ModalityError, ModelError
from medseg_app.engines.preprocess import Preprocessing, slice_with_neighbours

DESCRIPTION = {
    "neighbours": 1,
    "channels": {
        "CT": [{"kind": "window", "low": -100, "high": 300}, {"kind": "window", "low": 0, "high": 100}],
        "MR": [
            {"kind": "percentiles", "low": 0, "high": 100},
            {"kind": "percentiles", "low": 25, "high": 75},
        ],
    },
}


def test_windows_run_from_minus_one_to_one_and_are_clipped():
    voxels = np.array([-1024, -100, 100, 300, 3000], np.int16).reshape(5, 1, 1)
    made = Preprocessing.from_json(DESCRIPTION).measured(voxels, "CT")(voxels)
    assert made.dtype == np.float32
    assert made.shape == (2, 5, 1, 1)
    assert made[0].ravel().tolist() == [-1, -1, 0, 1, 1]
    assert made[1].ravel().tolist() == [-1, -1, 1, 1, 1]


def test_percentiles_come_from_the_whole_image_not_from_the_block():
    voxels = np.arange(101, dtype=np.float32).reshape(101, 1, 1)
    maker = Preprocessing.from_json(DESCRIPTION).measured(voxels, "MR")
    assert maker(voxels[50:51]).ravel().tolist() == [0.0, 0.0]
    assert maker(voxels[75:76])[1].item() == 1.0


def test_scaled_mr_gives_the_same_channels():
    voxels = np.random.default_rng(0).gamma(2.0, 100.0, (9, 20, 20)).astype(np.float32)
    description = Preprocessing.from_json(DESCRIPTION)
    plain = description.measured(voxels, "MR")(voxels)
    scaled = description.measured(voxels * 7 + 20, "MR")(voxels * 7 + 20)
    np.testing.assert_allclose(plain, scaled, atol=1e-4)


def test_a_constant_image_is_no_division_by_zero():
    voxels = np.full((3, 4, 5), 7, np.int16)
    assert np.isfinite(Preprocessing.from_json(DESCRIPTION).measured(voxels, "MR")(voxels)).all()


def test_neighbours_are_repeated_at_the_ends():
    channels = np.arange(8, dtype=np.float32).reshape(2, 4, 1, 1)
    assert slice_with_neighbours(channels, 0, 1).ravel().tolist() == [0, 0, 1, 4, 4, 5]
    assert slice_with_neighbours(channels, 2, 1).ravel().tolist() == [1, 2, 3, 5, 6, 7]
    assert slice_with_neighbours(channels, 3, 0).ravel().tolist() == [3, 7]
    assert Preprocessing.from_json(DESCRIPTION).in_channels == 6


def test_an_unknown_modality_is_refused():
    with pytest.raises(ModalityError, match="CT or MR"):
        Preprocessing.from_json(DESCRIPTION).measured(np.zeros((2, 2, 2)), "PT")


def _made(channel: dict, voxels: np.ndarray) -> list[float]:
    description = Preprocessing.from_json({"channels": {"MR": [channel]}})
    return description.measured(voxels, "MR")(voxels).ravel().tolist()


def test_a_channel_runs_over_the_range_that_it_names():
    voxels = np.array([-200, -57, 53.5, 164, 900], np.float32).reshape(5, 1, 1)
    window = {"kind": "window", "low": -57, "high": 164, "to": [0, 1]}
    assert _made(window, voxels) == pytest.approx([0, 0, 0.5, 1, 1])
    assert _made({**window, "clip": False}, voxels) == pytest.approx([-143 / 221, 0, 0.5, 1, 957 / 221])


def test_all_percentiles_are_the_ends_of_the_image_however_rare():
    voxels = np.zeros((90, 90, 90), np.int16)
    voxels[1, 1, 1], voxels[3, 5, 7] = -400, 600
    made = Preprocessing.from_json({"channels": {"MR": [{"kind": "percentiles", "low": 0, "high": 100}]}})
    channel = made.measured(voxels, "MR")(voxels)[0]
    assert (channel[1, 1, 1], channel[3, 5, 7]) == (-1, 1)
    assert channel[0, 0, 0] == pytest.approx(-0.2)


def test_a_zscore_has_mean_0_and_deviation_1_over_the_image():
    voxels = np.array([2, 4, 4, 4, 5, 5, 7, 9], np.int16).reshape(8, 1, 1)  # mean 5, deviation 2
    assert _made({"kind": "zscore"}, voxels) == [-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2]


def test_a_zscore_of_what_is_not_zero_leaves_zero_alone():
    voxels = np.array([0, 0, 0, 2, 4, 4, 4, 5, 5, 7, 9], np.int16).reshape(11, 1, 1)
    expected = [0, 0, 0, -1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2]
    assert _made({"kind": "zscore", "nonzero": True}, voxels) == expected


@pytest.mark.parametrize("nonzero", [True, False])
def test_a_zscore_of_a_constant_image_is_no_division_by_zero(nonzero):
    for value in (0, 7):
        made = _made({"kind": "zscore", "nonzero": nonzero}, np.full((3, 4, 5), value, np.int16))
        assert np.isfinite(made).all()


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"channels": {"CT": [{"kind": "eval", "low": 0, "high": 1}]}},
        {"channels": {"CT": [{"kind": "window", "low": 0, "high": 1, "code": "x"}]}},
        {"channels": {"CT": [{"kind": "window", "low": 0}]}},
        {"channels": {"CT": [{"kind": "window", "low": 1, "high": 1}]}},
        {"channels": {"CT": [{"kind": "window", "low": float("nan"), "high": 1}]}},
        {"channels": {"CT": [{"kind": "percentiles", "low": 0, "high": 101}]}},
        {"channels": {"CT": [{"kind": "zscore", "low": 0, "high": 1}]}},
        {**DESCRIPTION, "neighbours": -1},
        {"channels": {"CT": DESCRIPTION["channels"]["CT"], "MR": DESCRIPTION["channels"]["MR"][:1]}},
    ],
)
def test_a_description_that_is_not_understood_is_refused(bad):
    with pytest.raises(ModelError):
        Preprocessing.from_json(bad)


def test_channels_of_a_tensor_are_those_of_the_array():
    voxels = np.random.default_rng(3).normal(50, 300, (6, 9, 11)).astype(np.float32)
    voxels[:2] = 0
    for modality in ("CT", "MR"):
        maker = Preprocessing.from_json(DESCRIPTION).measured(voxels, modality)
        np.testing.assert_allclose(maker.tensor(torch.from_numpy(voxels)).numpy(), maker(voxels), atol=1e-6)
    nonzero = Preprocessing.from_json({"channels": {"MR": [{"kind": "zscore", "nonzero": True}]}})
    maker = nonzero.measured(voxels, "MR")
    np.testing.assert_allclose(maker.tensor(torch.from_numpy(voxels)).numpy(), maker(voxels), atol=1e-6)
