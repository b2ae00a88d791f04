"""MovedImages: asks where the images of a case are now, and goes on with opening it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFileDialog

from medseg_app.core.errors import ImagesMoved

from .panels.question import Question

if TYPE_CHECKING:
    from medseg_app.app.change import Change
    from medseg_app.app.session import Session

    from .window import MainWindow


class MovedImages:
    """Starts commands that need the images of a case; `question` is shown above the studies."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session
        self.question = Question("Choose folder", "Not now", look="primary")
        session.changed.connect(self._on_change)

    def start(self, command: Any, **how: Any) -> None:
        """Do a command that takes `source`; where it does not find the images, ask and do it again."""
        self.question.hide()
        self._session.attempt(command, lambda error: self._failed(error, command, how), **how)

    def _failed(self, error: BaseException, command: Any, how: dict[str, Any]) -> None:
        if isinstance(error, ImagesMoved):
            self._ask(str(error), command, how)
        else:
            self._session.fail(error)

    def _ask(self, text: str, command: Any, how: dict[str, Any]) -> None:
        self._session.view.show_panels = True
        self.question.ask(_breakable(text), lambda: self._choose(text, command, how))

    def _choose(self, text: str, command: Any, how: dict[str, Any]) -> None:
        name = QFileDialog.getExistingDirectory(self._window, "Folder of the images", self._start_folder(how))
        if name:
            self.start(command, **{**how, "source": Path(name)})
        else:
            self._ask(text, command, how)

    def _start_folder(self, how: dict[str, Any]) -> str:
        """Where the reader looked last, else beside the case."""
        last = how.get("source") or how.get("path")
        return str(last.parent) if last else str(Path.home())

    def _on_change(self, change: Change) -> None:
        if "case" in change.kinds:
            self.question.hide()


def _breakable(text: str) -> str:
    """The same text, whose paths may be broken into lines: a panel is narrow."""
    return text.replace("/", "/\u200b").replace("\\", "\\\u200b")
