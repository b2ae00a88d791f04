"""Work beside the window: its result comes back on the window's thread, as long as there is a window."""

from __future__ import annotations

import gc
import threading

from medseg_app.ui import off_thread
from medseg_app.ui.off_thread import MainThread, OffThread


def test_a_result_and_an_error_come_back_on_the_thread_of_the_window(qtbot):
    beside, seen = OffThread(MainThread()), []
    beside.run(threading.get_ident, lambda thread: seen.append((thread, threading.get_ident())))
    beside.run(lambda: 1 / 0, seen.append, lambda error: seen.append((type(error), threading.get_ident())))
    qtbot.waitUntil(lambda: len(seen) == 2)
    (worked, done), failed = seen
    assert worked != done == threading.get_ident()
    assert failed == (ZeroDivisionError, done)
    beside.close()


def test_nothing_comes_back_to_a_window_that_was_closed(qtbot):
    """The result waits for the event loop when the window closes; its widgets are gone by then."""
    beside, seen, worked = OffThread(MainThread()), [], threading.Event()
    beside.run(worked.set, seen.append)
    assert worked.wait(10)
    beside.close()
    qtbot.wait(50)
    assert seen == []


def test_work_that_waits_for_a_thread_is_not_taken_for_unused(qtbot):
    """The window begins with work that nobody holds, while libraries come in and Python collects."""
    main, seen = MainThread(), []

    def begin():
        OffThread(main).run(lambda: 1, seen.append)

    begin()
    gc.collect()
    qtbot.waitUntil(lambda: seen == [1])


def test_work_that_was_dropped_is_let_go_of(qtbot):
    main, busy = MainThread(), threading.Event()
    beside = OffThread(main)
    beside.run(lambda: busy.wait(10), print)
    beside.run(lambda: 1, print)
    threading.Timer(0.2, busy.set).start()
    beside.close()
    assert not off_thread.WAITING
