"""Progress is true to time: a run that is said to be half done has taken half of its time."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from medseg_app.engines.contract import Request
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.predict import build_engine, run_engine
from medseg_app.engines.tile_plan import TileSize
from medseg_app.phantom import make_phantom
from tests.data_folder import ROOT

TOLERANCE = 0.15
"""Of the whole time; other work on the computer during a part of the run takes some of it."""
TRIES = 3


def furthest_off(engine, volume) -> float:
    """The largest difference of the fraction that was told and the share of the time that had gone."""
    told: list[tuple[float, float]] = []
    start = time.perf_counter()
    request = Request(modality="CT")
    run_engine(engine, volume, request, "cpu", lambda share, _="": told.append((share, time.perf_counter())))
    whole = time.perf_counter() - start
    assert len(told) > 10
    assert told == sorted(told)
    return max(abs(share - (moment - start) / whole) for share, moment in told)


@pytest.fixture(scope="module")
def volume():
    return replace(make_phantom(7).volume, modality="CT")


@pytest.mark.parametrize("name", ["demo-organs", "demo-lesions"])
def test_the_fraction_is_the_share_of_the_time(name, volume, monkeypatch):
    small = TileSize(32, 32**3, 32**3)
    monkeypatch.setattr(TileSize, "on", classmethod(lambda cls, device: small))
    engine = build_engine(read_model_folder(ROOT / "models" / name))
    run_engine(engine, volume, Request(modality="CT"), "cpu", lambda *_: None)  # warms up
    assert any(furthest_off(engine, volume) < TOLERANCE for _ in range(TRIES))
