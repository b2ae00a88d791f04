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
        self._awaited: Task | None = None

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
        case = self._session.case
        if not self._session.unsaved:
            then()
            return
        answer = UnsavedDialog(self._window, self._case_name()).ask()
        if answer != "stay" and self._session.case is not case:
            self.leave(then)  # a save that still ran led on to another case meanwhile
        elif answer == "save":
            self._save_then(then)
        elif answer == "discard":
            self._session.start(commands.close_case, forget_unsaved=True)
            then()

    def awaits_files(self, then: Callable[[], object]) -> bool:
        """Whether files that the reader asked for are being written; `then` follows when they are there.

        Where that fails the window stays, and shows why.
        """
        if self._awaited is not None:
            return True
        task = next((task for task in self._session.tasks.running if task.is_awaited), None)
        if task is None:
            return False
        self._awaited = task
        self._session.tell(
            "note", "The export is being written.", "MedSeg closes when it is done. Ctrl+. stops the export."
        )
        self._when_done(task, then)
        return True

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
        if task is not None:
            self._when_done(task, then)

    def _when_done(self, task: Task, then: Callable[[], object]) -> None:
        """Go on when a task has ended well."""

        def follow(ended: Task) -> None:
            if ended is task and ended.is_over:
                self._session.tasks.changed.disconnect(follow)
                self._awaited = None if ended is self._awaited else self._awaited
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
