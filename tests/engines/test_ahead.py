"""Tiles computed ahead come in their order, fail in their turn, and nobody waits for those not wanted."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from medseg_app.core.box import Box
from medseg_app.engines.ahead import in_order

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
