"""Titles: window title, undo and redo with the name of their step, what can be done now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg_app.app.session import Session

    from .actions import Actions
    from .window import MainWindow

NEEDS_CASE = (
    "save_case", "save_as", "export", "close_case", "open_labels", "add_segment", "fit", "layout", "show_3d",
    "large", "next_slice", "previous_slice", "next_beside", "next_plane", "show_beside",
)  # fmt: skip
NEEDS_SEGMENT = (
    "rename", "recolour", "toggle_lock", "toggle_visible", "duplicate_segment", "merge_segments",
    "delete_segment",
)  # fmt: skip


class Titles:
    """Follows the session; the texts change only when something was committed."""

    def __init__(self, window: MainWindow, session: Session, actions: Actions) -> None:
        self._window, self._session, self._actions = window, session, actions
        session.changed.connect(self.show)
        self.show()

    def show(self, *_: object) -> None:
        """Bring titles and enabled states up to date."""
        self._show_window()
        self._show_history()
        case = self._session.case
        for name in NEEDS_CASE:
            self._actions[name].setEnabled(case is not None)
        for name in NEEDS_SEGMENT:
            self._actions[name].setEnabled(case is not None and bool(case.segmentation.segments))

    def _show_window(self) -> None:
        case = self._session.case
        if case is None:
            self._window.setWindowTitle("MedSeg")
        else:
            name = case.path.stem if case.path else case.volume.description or "New case"
            suffix = " (read-only)" if case.read_only else ""
            self._window.setWindowTitle(f"{name}{suffix}[*] \N{EN DASH} MedSeg")
        self._window.setWindowModified(self._session.unsaved)

    def _show_history(self) -> None:
        case = self._session.case
        steps = {
            "undo": ("Undo", case.history.undo_name if case else None),
            "redo": ("Redo", case.history.redo_name if case else None),
        }
        for name, (word, step) in steps.items():
            self._actions[name].setEnabled(step is not None)
            self._actions[name].setText(f"{word} {step}" if step else word)
            self._actions.describe(name, f"{word}: {step}" if step else word)
