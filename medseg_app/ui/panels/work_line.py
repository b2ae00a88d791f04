"""WorkLine: the last lines of a panel that starts long work: what it says, Start or Stop, how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QProgressBar, QPushButton

from medseg_app.ui import figures
from medseg_app.ui.labels import ElidedLabel

if TYPE_CHECKING:
    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task

    from .section import Section


class WorkLine:
    """Shows one task at a time. changed: called when one begins and when it is over."""

    def __init__(
        self, section: Section, session: Session, start: QPushButton, stop: QPushButton,
        changed: Callable[[], object],
    ) -> None:  # fmt: skip
        self._start, self._stop, self._changed = start, stop, changed
        self._task: Task | None = None
        self._over: Callable[[Task], object] = lambda _: None
        self.summary = ElidedLabel("", "caption")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        section.row(self.summary, stop, start).setStretch(0, 1)
        section.row(self.bar)
        session.tasks.changed.connect(self._on_task)
        self._show()

    @property
    def is_busy(self) -> bool:
        """Whether a task runs."""
        return self._task is not None

    def follow(self, task: Task | None, over: Callable[[Task], object]) -> None:
        """Show a task until it is over, which `over` is told; None where it could not begin."""
        if task is not None:
            self._task, self._over = task, over
            self._show()
            self._changed()

    def say(self, text: str) -> None:
        """Show a line of text, whole in its tooltip."""
        self.summary.setText(text)
        self.summary.setToolTip(text)

    def stop(self) -> None:
        """Ask the task to stop."""
        if self._task is not None:
            self._task.cancel()
            self.say("Stopping")

    def _on_task(self, task: Task) -> None:
        if task is not self._task:
            return
        if task.is_over:
            self._task = None
        self._show()
        if task.is_over:
            self._changed()
            self._over(task)

    def _show(self) -> None:
        task = self._task
        self._start.setVisible(task is None)
        self._stop.setVisible(task is not None)
        self.bar.setVisible(task is not None)
        if task is not None and not task.is_cancelled:
            self.bar.setValue(round(1000 * task.fraction))
            self.say(figures.progress(task.message, task.seconds_left))
