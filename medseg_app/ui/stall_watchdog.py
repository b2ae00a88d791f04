"""StallWatchdog: records what held the window's thread when its event loop did not answer in time.

Off by default; the scripted session test and MEDSEG_WATCHDOG=1 switch it on.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QTimer

LIMIT_SECONDS = 0.050
BEAT_MS = 10
SAMPLE_SECONDS = 0.005


@dataclass
class Stall:
    """One time during which the event loop did not answer; samples: where the thread was, how often.

    busy_seconds: processor time that the thread itself used meanwhile; on a busy computer the rest of
    `seconds` was spent waiting for a turn. Equal to `seconds` where the system does not tell.
    """

    seconds: float
    busy_seconds: float
    samples: Counter[tuple[str, ...]] = field(default_factory=Counter)

    @property
    def stack(self) -> tuple[str, ...]:
        """Where the thread was most of the time, innermost last."""
        return self.samples.most_common(1)[0][0] if self.samples else ()

    @property
    def culprit(self) -> str:
        """The innermost line of the product's own code, or the innermost line at all."""
        ours = [line for line in self.stack if "medseg_app" in line]
        return (ours or list(self.stack) or ["unknown"])[-1]


class StallWatchdog(QObject):
    """Make it on the window's thread, then `start`; `stalls` lists what took longer than the limit."""

    def __init__(self, limit_seconds: float = LIMIT_SECONDS) -> None:
        super().__init__()
        self.stalls: list[Stall] = []
        self._limit = limit_seconds
        self._main = threading.get_ident()
        self._clock = _clock_of_this_thread()
        self._beat, self._busy_at_beat = time.perf_counter(), self._clock()
        self._stop = threading.Event()
        self._timer = QTimer(self, interval=BEAT_MS)
        self._timer.timeout.connect(self._on_beat)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._on_beat()
        self._stop.clear()
        self._timer.start()
        self._thread = threading.Thread(target=self._watch, name="medseg-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._stop.set()
        self._timer.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def report(self) -> str:
        """One line per stall, longest first."""
        worst = sorted(self.stalls, key=lambda stall: -stall.seconds)
        lines = (
            f"{stall.seconds * 1000:6.0f} ms ({stall.busy_seconds * 1000:.0f} ms busy)  {stall.culprit}"
            for stall in worst
        )
        return "\n".join(lines)

    def _on_beat(self) -> None:
        self._beat, self._busy_at_beat = time.perf_counter(), self._clock()

    def _watch(self) -> None:
        current: Stall | None = None
        beat = self._beat
        while not self._stop.wait(SAMPLE_SECONDS):
            late = time.perf_counter() - self._beat
            if self._beat != beat:
                beat, current = self._beat, None
            if late <= self._limit:
                continue
            if current is None:
                current = Stall(late, 0.0)
                self.stalls.append(current)
            current.seconds, current.busy_seconds = late, self._clock() - self._busy_at_beat
            current.samples[self._sample()] += 1

    def _sample(self) -> tuple[str, ...]:
        frame = sys._current_frames().get(self._main)
        found = traceback.extract_stack(frame) if frame else []
        return tuple(f"{line.filename}:{line.lineno} {line.name}" for line in found)


def _clock_of_this_thread() -> Callable[[], float]:
    """A clock of the processor time of the calling thread that other threads may read."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.perf_counter
    number = time.pthread_getcpuclockid(threading.get_ident())
    return lambda: time.clock_gettime(number)
