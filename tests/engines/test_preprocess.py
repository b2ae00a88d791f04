"""Channels: windows in HU, percentiles of the image given, neighbours of a slice."""

from __future__ import annotations

import numpy as np
import pytest

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


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"channels": {"CT": [{"kind": "eval", "low": 0, "high": 1}]}},
        {"channels": {"CT": [{"kind": "window", "low": 0, "high": 1, "code": "x"}]}},
        {**DESCRIPTION, "neighbours": -1},
        {"channels": {"CT": DESCRIPTION["channels"]["CT"], "MR": DESCRIPTION["channels"]["MR"][:1]}},
    ],
)
def test_a_description_that_is_not_understood_is_refused(bad):
    with pytest.raises(ModelError):
        Preprocessing.from_json(bad)
