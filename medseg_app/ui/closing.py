"""Closing: saves the case, and asks before work that no file holds is left behind."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QFileDialog

from medseg_app.app.commands import case as commands
from medseg_app.core.errors import MedsegError

from .dialogs.unsaved import UnsavedDialog

if TYPE_CHECKING:
    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task

    from .window import MainWindow

CASES = "MedSeg cases (*.medseg)"
log = logging.getLogger(__name__)


class Closing:
    """What happens between the wish to leave a case and leaving it."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session

    def save(self) -> Task | None:
        """Save under the present name, or ask for one."""
        case = self._session.case
        if case is None:
            return None
        if case.path is None or case.read_only:
            return self.save_as()
        return self._session.start(commands.save_case)

    def save_as(self) -> Task | None:
        """Ask for a name and save under it."""
        path = self._ask_name()
        return self._session.start(commands.save_case, path=path) if path else None

    def close_case(self) -> None:
        """Close the case, after the question where work would be left behind."""
        self.leave(lambda: self._session.start(commands.close_case))

    def leave(self, then: Callable[[], object]) -> None:
        """Do something that ends the open case. Asks first where it was changed since it was saved."""
        self._session.gestures.settle()  # a stroke whose button is still down counts
        if not self._session.unsaved:
            then()
            return
        dialog = UnsavedDialog(self._window, self._case_name())
        answer = dialog.ask()
        if answer == "save":
            self._save_then(then)
        elif answer == "discard":
            self._session.start(commands.close_case, forget_unsaved=True)
            then()

    def remember_place(self) -> None:
        """Keep the window's place and the tool's settings for the next start.

        Nobody sees a message of a window that closes: where they cannot be kept, only the log says so.
        """
        settings, view = self._session.settings, self._session.view
        settings.geometry = bytes(self._window.saveGeometry().toBase64().data()).decode()
        settings.brush_mm = view.brush_mm
        settings.fill_opacity, settings.outline_px = view.fill_opacity, view.outline_px
        settings.show_patient = view.show_patient
        try:
            settings.save()
        except (MedsegError, OSError) as error:
            log.warning("The settings were not kept: %s", error)

    def restore_place(self) -> None:
        """Put the window where it was."""
        packed = self._session.settings.geometry
        if packed:
            self._window.restoreGeometry(QByteArray.fromBase64(packed.encode()))

    def _save_then(self, then: Callable[[], object]) -> None:
        task = self.save()
        if task is None:
            return

        def follow(ended: Task) -> None:
            if ended is task and ended.is_over:
                self._session.tasks.changed.disconnect(follow)
                if ended.state == "done":
                    then()

        self._session.tasks.changed.connect(follow)

    def _ask_name(self) -> Path | None:
        case = self._session.case
        if case is None:
            return None
        start = case.path or Path.home() / f"{self._case_name()}.medseg"
        dialog = QFileDialog(self._window, "Save case", str(start.parent), CASES)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("medseg")  # or an older case would be replaced unasked by a name without it
        dialog.selectFile(start.name)
        chosen = dialog.exec() == QFileDialog.DialogCode.Accepted
        dialog.deleteLater()
        return Path(dialog.selectedFiles()[0]) if chosen else None

    def _case_name(self) -> str:
        case = self._session.case
        if case is None:
            return "case"
        return case.path.stem if case.path else (case.volume.description or "case").replace("/", " ")
