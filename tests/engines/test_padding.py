"""What lies outside the image is not seen by a model as tissue far below all other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Request
from medseg_app.engines.padding import without_padding
from medseg_app.engines.predict import build_engine, run_engine

from .grids import GRIDS
from .plugin_engine import PluginEngine, install, write_plugin_model

PADDING = -32768


def padded(kind=np.int16) -> Volume:
    geometry = GRIDS["oblique"]
    voxels = np.random.default_rng(3).integers(40, 900, geometry.shape).astype(kind)
    voxels[:, : geometry.shape[1] // 2] = PADDING
    return Volume(voxels, geometry, "1.2.3", "MR", padding=float(PADDING))


@pytest.mark.parametrize("kind", [np.int16, np.float32])
def test_padding_becomes_the_lowest_value_of_the_image(kind):
    volume = padded(kind)
    seen = without_padding(volume)
    image = volume.voxels != PADDING
    assert seen.voxels.dtype == kind
    np.testing.assert_array_equal(seen.voxels[image], volume.voxels[image])
    assert set(seen.voxels[~image].tolist()) == {volume.voxels[image].min()}
    assert (volume.voxels == PADDING).any(), "the volume itself is not touched"


@pytest.mark.parametrize("padding", [None, 5000.0])
def test_without_padding_nothing_is_copied(padding):
    volume = replace(padded(), padding=padding)
    assert without_padding(volume) is volume


def test_an_image_of_padding_only_stays_as_it_is():
    volume = padded()
    nothing = replace(volume, voxels=np.full_like(volume.voxels, PADDING))
    assert without_padding(nothing) is nothing


def test_every_engine_is_given_the_image_without_padding(tmp_path, monkeypatch):
    install(tmp_path / "plugin", monkeypatch)
    engine = build_engine(write_plugin_model(tmp_path / "m"))
    opened = []
    monkeypatch.setattr(PluginEngine, "open", _noting(PluginEngine.open, opened))
    run_engine(engine, replace(padded(), modality="CT"), Request(), "cpu", lambda *_: None)
    assert opened[0].voxels.min() >= 40


def _noting(open_volume, opened):
    def noted(self, volume, device):
        opened.append(volume)
        return open_volume(self, volume, device)

    return noted
