"""The watchdog sees a stall, names the line that caused it, and stays silent otherwise."""

from __future__ import annotations

import time

from medseg_app.ui.scripted import pause
from medseg_app.ui.stall_watchdog import StallWatchdog


def hold_the_thread(seconds: float) -> None:
    time.sleep(seconds)


def test_a_stall_is_recorded_with_its_culprit(qapp):
    from PySide6.QtCore import QTimer

    dog = StallWatchdog()
    dog.start()
    pause(0.1)
    dog.stalls.clear()
    QTimer.singleShot(0, lambda: hold_the_thread(0.3))
    pause(0.5)
    dog.stop()
    (found,) = [stall for stall in dog.stalls if any("hold_the_thread" in line for line in stall.stack)]
    assert found.seconds > 0.2
    assert found.busy_seconds < 0.2  # it slept
    assert "ms" in dog.report()


def test_short_work_is_no_stall(qapp):
    from PySide6.QtCore import QTimer

    dog = StallWatchdog(limit_seconds=0.5)
    dog.start()
    for _ in range(5):
        QTimer.singleShot(0, lambda: hold_the_thread(0.01))
    pause(0.2)
    dog.stop()
    assert dog.stalls == []
