"""Before a model's first run its card says what it takes, scaled to the speed of this processor."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from medseg_app.app import first_cost as file
from medseg_app.app.first_cost import first_cost
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.engines.backend import Backend
from medseg_app.engines.expected_device import ExpectedDevices
from medseg_app.engines.model_card import ModelGrid
from medseg_app.engines.processor_speed import EDGE, processor_gflops
from tests.engines.tiny_models import TINY

EXACT = Backend("cpu", "exact", "OpenVINO in float32", 4, 0.9995, 0.9991, None, 20.0, 300.0, 0.5, 100.0)
FAST = replace(EXACT, precision="fast", by="OpenVINO in bfloat16", dice=0.993, seconds=10.0)
CARD = replace(TINY["unet"], grid=ModelGrid("SPL", (2.0, 2.0, 2.0)), backends=(EXACT, FAST))
GRID = VolumeGeometry.regular((100, 100, 200), np.eye(4), "1.2")


@pytest.fixture(autouse=True)
def half_as_fast(monkeypatch):
    monkeypatch.setattr(file, "processor_gflops", lambda: 50.0)
    monkeypatch.setattr(file, "expected_devices", lambda: ExpectedDevices("cpu", {"cpu": "bfloat16"}))


def test_time_follows_the_grid_of_the_model_and_the_speed_of_the_processor():
    cost = first_cost([CARD], GRID, "cpu", "exact")
    assert cost.seconds == pytest.approx(20.0 * 0.25 * 2, rel=0.05)
    assert cost.memory_mb == 300.0


def test_memory_grows_beyond_the_largest_image_that_was_measured():
    large = VolumeGeometry.regular((400, 200, 200), np.eye(4), "1.2")
    assert first_cost([CARD], large, "cpu", "exact").memory_mb == pytest.approx(1200.0, rel=0.05)


@pytest.mark.parametrize(
    ("fast", "kinds", "seconds"),
    [
        (FAST, {"cpu": "bfloat16"}, 5.0),
        (replace(FAST, dice=0.9), {"cpu": "bfloat16"}, 10.0),
        (FAST, {}, 10.0),
        (FAST, {"cpu": "int8"}, 10.0),
    ],
    ids=["fast", "too far off", "no bfloat16", "another arithmetic"],
)
def test_what_will_not_be_computed_fast_is_told_as_exact(monkeypatch, fast, kinds, seconds):
    monkeypatch.setattr(file, "expected_devices", lambda: ExpectedDevices("cpu", kinds))
    cost = first_cost([replace(CARD, backends=(EXACT, fast))], GRID, "cpu", "fast")
    assert cost.seconds == pytest.approx(seconds, rel=0.05)


def test_models_that_run_as_one_take_both_times():
    one, two = (first_cost([CARD] * n, GRID, "cpu", "exact") for n in (1, 2))
    assert (two.seconds, two.memory_mb) == (2 * one.seconds, one.memory_mb)


def test_nothing_is_guessed():
    assert first_cost([replace(CARD, backends=())], GRID, "cpu", "exact") is None
    assert first_cost([CARD, TINY["unet"]], GRID, "cpu", "exact") is None
    graphics = replace(EXACT, device="cuda")
    assert first_cost([replace(CARD, backends=(graphics,))], GRID, "cuda:0", "exact") is None


def test_the_processor_is_as_fast_as_it_multiplies():
    start = time.perf_counter()
    processor_gflops.cache_clear()
    gflops = processor_gflops()
    took = time.perf_counter() - start
    assert gflops >= 2e-9 * EDGE**3 / max(took, 1e-6)
    start = time.perf_counter()
    assert processor_gflops() == gflops
    assert time.perf_counter() - start < 0.001
