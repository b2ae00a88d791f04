"""Python's collector never stops the window for long once the viewer's libraries are in memory."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from medseg_app.ui.collector import YOUNG
from medseg_app.ui.scripted import pause, wait_until


@pytest.fixture
def pauses() -> Iterator[list[float]]:
    """How long each run of the collector stopped all threads, seconds."""
    found: list[float] = []
    began = [0.0]

    def note(phase: str, _: Any) -> None:
        if phase == "start":
            began[0] = time.perf_counter()
        else:
            found.append(time.perf_counter() - began[0])

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


def test_many_small_objects_of_a_thread_do_not_stop_the_window(
    empty_window: Any, pauses: list[float]
) -> None:
    controller = empty_window.controller
    controller.load_viewer()
    wait_until(lambda: controller.viewer.area is not None, 120)
    pause(0.2)
    assert gc.isenabled()
    assert gc.get_freeze_count() > 100_000, "what napari brought is looked at again and again"
    pauses.clear()
    kept: list[Any] = []
    worker = threading.Thread(target=lambda: kept.extend({"tag": [n]} for n in range(6 * YOUNG)))
    worker.start()
    wait_until(lambda: not worker.is_alive(), 60)
    worker.join()
    assert len(pauses) >= 6
    assert max(pauses) < 0.1


def test_a_closed_window_leaves_the_collector_as_it_was(empty_window: Any) -> None:
    usual = gc.get_threshold()
    controller = empty_window.controller
    controller.load_viewer()
    wait_until(lambda: controller.viewer.area is not None, 120)
    assert gc.get_threshold() != usual
    empty_window.close()
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0


def test_a_window_that_closes_before_the_viewer_stands_leaves_the_collector_on(empty_window: Any) -> None:
    empty_window.controller.load_viewer()
    assert not gc.isenabled()
    empty_window.close()
    assert gc.isenabled()
