"""Engines warm up once: a second run builds, reads and converts nothing."""

from __future__ import annotations

from collections import Counter

import pytest

from medseg_app.engines import loaded_network, openvino_backend
from medseg_app.engines.contract import Request
from medseg_app.engines.predict import run_engine
from medseg_app.engines.worker import ENGINES_KEPT, _Engines

from .plugin_engine import plugin_volume
from .tiny_models import write_tiny_model


@pytest.fixture
def work(monkeypatch) -> Counter[str]:
    """How often a network was built, weights were read, and a network was converted and compiled."""
    counted: Counter[str] = Counter()
    for place, name in (
        (loaded_network, "build_network"),
        (loaded_network, "load_weights"),
        (openvino_backend, "_converted"),
        (openvino_backend, "compile_graph"),
    ):
        real = getattr(place, name)

        def counting(*arguments, _real=real, _name=name):
            counted[_name] += 1
            return _real(*arguments)

        monkeypatch.setattr(place, name, counting)
    return counted


def run(engines: _Engines, model) -> None:
    run_engine(engines.get(model), plugin_volume(), Request(modality="CT"), "cpu", lambda *_: None)


@pytest.mark.parametrize("name", ["unet", "mask_rcnn"])
def test_a_second_run_rebuilds_nothing(tmp_path, work, name):
    model, engines = write_tiny_model(tmp_path / "m", name), _Engines()
    run(engines, model)
    once = Counter(work)
    assert once["build_network"] == once["load_weights"] == 1
    assert once["compile_graph"] == (1 if name == "unet" else 0)
    run(engines, model)
    assert work == once


def test_turning_to_another_model_and_back_rebuilds_nothing(tmp_path, work):
    models = [write_tiny_model(tmp_path / name, name) for name in ("unet", "mask_rcnn")]
    engines = _Engines()
    for model in [*models, *models]:
        run(engines, model)
    assert work["build_network"] == 2


def test_only_the_engines_that_ran_last_are_kept(tmp_path):
    engines = _Engines()
    models = [write_tiny_model(tmp_path / f"m{n}", "unet") for n in range(ENGINES_KEPT + 1)]
    first = engines.get(models[0])
    for model in models[1:ENGINES_KEPT]:
        engines.get(model)
    assert engines.get(models[0]) is first
    second = engines.get(models[1])
    engines.get(models[ENGINES_KEPT])
    assert engines.get(models[0]) is first
    assert engines.get(models[1]) is second
    assert len(engines._engines) == ENGINES_KEPT


def test_other_weights_in_the_same_folder_are_another_engine(tmp_path):
    engines = _Engines()
    before = engines.get(write_tiny_model(tmp_path / "m", "unet"))
    assert engines.get(write_tiny_model(tmp_path / "m", "mask_rcnn")) is not before
