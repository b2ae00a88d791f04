"""OneByOne: opens what was dropped together one after the other, each when the one before has been read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task

LOOK_MS = 30


class OneByOne:
    """A mask finds the image that came with it open, and of two cases the later one stays.

    Opening one thing may take several tasks and a question; it is looked for their end now and then, as
    nobody else knows which of them is the last.
    """

    def __init__(self, window: QWidget, session: Session, open_one: Callable[[Path], object]) -> None:
        self._session, self._open = session, open_one
        self._waiting: list[Path] = []
        self._others: list[Task] = []
        self._clock = QTimer(window, interval=LOOK_MS)
        self._clock.timeout.connect(self._look)

    @property
    def is_busy(self) -> bool:
        """Whether something waits, or the last was not read yet."""
        return self._clock.isActive()

    def take(self, paths: Sequence[Path]) -> None:
        """Open paths after those that still wait."""
        self._waiting += paths
        if not self.is_busy:
            self._clock.start()
            self._next()

    def forget(self) -> None:
        """Open nothing any more."""
        self._waiting.clear()
        self._clock.stop()

    def _look(self) -> None:
        reading = any(task not in self._others for task in self._session.tasks.running)
        if not reading and QApplication.activeModalWidget() is None:
            self._next()

    def _next(self) -> None:
        if not self._waiting:
            self._clock.stop()
            return
        self._others = list(self._session.tasks.running)  # a model may run for minutes
        self._open(self._waiting.pop(0))
