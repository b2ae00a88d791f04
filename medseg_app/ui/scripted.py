"""Working the window from a script: wait for what it does without freezing it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from medseg_app.app.session import Session
from medseg_app.core.errors import EngineError, MedsegError

if TYPE_CHECKING:
    from .window import MainWindow


def wait_until(condition: Callable[[], bool], seconds: float = 120.0, what: str = "the window") -> None:
    """Let the window work until a condition holds. Raises EngineError when it takes too long."""
    end = time.monotonic() + seconds
    loop = QEventLoop()
    timer = QTimer()
    timer.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() > end else None)
    timer.start(10)
    if not condition():
        loop.exec()
    timer.stop()
    if not condition():
        raise EngineError(f"Waited {seconds:.0f} s in vain for {what}.", "Try again on a less busy computer.")


def pause(seconds: float) -> None:
    """Let the window work for a while."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, seconds + 60.0)


def run_to_end(session: Session, command: Any, seconds: float = 600.0, **arguments: Any) -> Any:
    """Start a command as the window does, wait for its task and return its result; raises its error."""
    problems: list[str] = []
    listener = session.notices.connect(
        lambda notice: problems.append(notice.text) if notice.kind == "problem" else None
    )
    task = session.start(command, **arguments)
    if task is not None:
        wait_until(lambda: task.is_over, seconds, task.title)
    session.notices.disconnect(listener)
    if problems:
        raise MedsegError(problems[0])
    return task.value if task is not None else None


def screenshot(window: MainWindow, path: Path) -> None:
    """Save what the screen shows of a window, with its OpenGL views, without names in the corners."""
    with _patient_hidden(window):
        pause(0.3)
        screen = window.screen() or QApplication.primaryScreen()
        place = window.geometry()
        shot = screen.grabWindow(0, place.x(), place.y(), place.width(), place.height())
    if not shot.save(str(path)):
        raise EngineError(f"The picture {path} could not be written.", "Choose another folder.")


@contextmanager
def _patient_hidden(window: MainWindow) -> Iterator[None]:
    """The reader's own choice comes back afterwards: it is kept in the settings."""
    assert window.controller is not None
    view = window.controller.session.view
    shown, view.show_patient = view.show_patient, False
    try:
        yield
    finally:
        view.show_patient = shown
