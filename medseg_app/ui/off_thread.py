"""Runs a function beside the window and hands its result back on the window's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal

T = TypeVar("T")
PATIENCE_MS = 60_000
log = logging.getLogger(__name__)


class MainThread(QObject):
    """Calls functions on the thread that made it, from any thread, in order."""

    _asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._asked.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def call(self, function: Callable[[], object]) -> None:
        """Have a function called by the event loop; returns at once."""
        self._asked.emit(function)

    @staticmethod
    def _call(function: Callable[[], object]) -> None:
        function()


class _Work(QRunnable, Generic[T]):
    def __init__(
        self, work: Callable[[], T], done: Callable[[T], object],
        deliver: Callable[[Callable[[], object]], None],
        failed: Callable[[Exception], object] | None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._work, self._done, self._deliver, self._failed = work, done, deliver, failed

    def belongs_to(self, owner: OffThread) -> bool:
        return self._deliver == owner._deliver

    def run(self) -> None:
        WAITING.discard(self)
        work, done, failed = self._work, self._done, self._failed
        # Qt may hold this longer than anybody needs what it was told, a whole series maybe.
        del self._work, self._done, self._failed
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - a thread has no caller; the window's thread is told
            self._report(error, failed)
            return
        self._deliver(lambda: done(result))

    def _report(self, error: Exception, failed: Callable[[Exception], object] | None) -> None:
        if failed is None:
            log.warning("work beside the window failed", exc_info=error)
            return
        self._deliver(lambda: failed(error))


WAITING: set[_Work[Any]] = set()
"""What no thread has taken up yet.

Qt holds it where Python's collector does not look: together with a pool that nobody else holds, it would be
taken for unused.
"""


class OffThread:
    """A small pool of threads; at most `threads` pieces of work run at once."""

    def __init__(self, main: MainThread, threads: int = 1) -> None:
        self._main = main
        self._closed = False
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(threads)

    def run(
        self, work: Callable[[], T], done: Callable[[T], object],
        failed: Callable[[Exception], object] | None = None,
    ) -> None:  # fmt: skip
        """Run work in a thread; done(result) or failed(error) follows on the window's thread."""
        waiting = _Work(work, done, self._deliver, failed)
        WAITING.add(waiting)
        self._pool.start(waiting)

    def close(self) -> None:
        """Drop what has not begun and wait for the rest: Python must not end within an import.

        Nothing is handed back from here on: the widgets that asked may be gone.
        """
        self._closed = True
        self._pool.clear()
        self._pool.waitForDone(PATIENCE_MS)
        WAITING.difference_update(work for work in list(WAITING) if work.belongs_to(self))

    def _deliver(self, call: Callable[[], object]) -> None:
        def unless_closed() -> None:
            if not self._closed:
                call()

        self._main.call(unless_closed)
