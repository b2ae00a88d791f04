"""Tiles computed ahead come in their order, fail in their turn, and nobody waits for those not wanted."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from medseg_app.core.box import Box
from medseg_app.core.progress import silent
from medseg_app.engines.ahead import in_order
from medseg_app.engines.contract import Request
from medseg_app.engines.model_card import ModelGrid
from medseg_app.engines.model_folder_writer import write_model_folder
from medseg_app.engines.openvino_backend import tiles_at_once
from medseg_app.engines.predict import run_engine
from medseg_app.engines.voxel_engine import VoxelEngine
from medseg_app.engines.voxel_network import VoxelNetwork

from .test_panoptic import noise
from .tiny_models import TINY, write_tiny_model

BOXES = [Box((n, 0, 0), (n + 1, 1, 1)) for n in range(7)]


def tile(box: Box) -> torch.Tensor:
    return torch.full((1, 1, 1, 1), float(box.start[0]))


@pytest.mark.parametrize("at_once", [1, 2, 3, 9])
def test_tiles_come_in_order_however_long_each_takes(at_once: int) -> None:
    def compute(box: Box) -> torch.Tensor:
        time.sleep(0.02 * (box.start[0] % 3))
        return tile(box)

    found = list(in_order(compute, BOXES, at_once))
    assert [box for box, _ in found] == BOXES
    assert [float(one) for _, one in found] == [float(n) for n in range(7)]


def test_so_many_are_computed_at_the_same_time_and_no_more() -> None:
    both, running, most = threading.Barrier(2, timeout=20), [], []

    def compute(box: Box) -> torch.Tensor:
        running.append(box)
        most.append(len(running))
        if box.start[0] < 6:
            both.wait()  # one alone would wait for ever
        running.remove(box)
        assert not torch.is_grad_enabled()
        return tile(box)

    assert len(list(in_order(compute, BOXES, 2))) == 7
    assert max(most) == 2


def test_what_a_tile_raises_comes_in_its_turn() -> None:
    def compute(box: Box) -> torch.Tensor:
        if box == BOXES[3]:
            raise MemoryError("full")
        return tile(box)

    found = in_order(compute, BOXES, 2)
    assert [next(found)[0] for _ in range(3)] == BOXES[:3]
    with pytest.raises(MemoryError, match="full"):
        next(found)


def test_whoever_stops_asking_does_not_wait() -> None:
    """Two tiles take their time; those after them are never begun."""
    begun, go_on = [], threading.Event()

    def compute(box: Box) -> torch.Tensor:
        begun.append(box)
        if box != BOXES[0]:
            go_on.wait(20)
        return tile(box)

    found = in_order(compute, BOXES, 2)
    next(found)
    start = time.monotonic()
    found.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 5
    go_on.set()
    time.sleep(0.2)
    assert len(begun) <= 3


def test_the_same_voxels_at_once_as_one_by_one() -> None:
    alone, together = (list(in_order(tile, BOXES, n)) for n in (1, 2))
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(alone, together, strict=True))


@pytest.mark.parametrize(("threads", "expected"), [("1", (1, 1)), ("2", (2, 1)), ("16", (2, 1))])
def test_two_tiles_at_once_in_float32_where_there_are_threads_for_them(
    threads: str, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    assert (tiles_at_once("float32"), tiles_at_once("int8")) == expected


def test_a_model_gives_the_same_whether_its_tiles_come_alone_or_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By OpenVINO, several tiles, from one engine and from several threads at the same time."""
    card = replace(TINY["unet"], grid=ModelGrid("SPL", patch=(32, 32, 32)))
    model = write_model_folder(tmp_path, card, write_tiny_model(tmp_path / "x", "unet").weights())
    volume = noise((40, 60, 60))
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    engine = VoxelEngine(model.card, VoxelNetwork(model))
    assert engine.network.at_once("cpu", "exact") == 2
    at_once = run_engine(engine, volume, Request(), "cpu", silent).candidates
    monkeypatch.setattr(engine.network, "at_once", lambda *_: 1)
    alone = run_engine(engine, volume, Request(), "cpu", silent).candidates
    assert at_once
    for one, other in zip(at_once, alone, strict=True):
        assert (one.box, one.score) == (other.box, other.score)
        np.testing.assert_array_equal(one.mask, other.mask)
