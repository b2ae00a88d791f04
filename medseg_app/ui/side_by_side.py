"""SideBySide: which series stands beside the open one, and when the layout is left again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medseg_app.app.beside import LAYOUT, series_to_show
from medseg_app.app.commands.beside import show_beside

from .action_table import LAYOUTS

if TYPE_CHECKING:
    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task

NOTHING = "No other series of this study is in the list."
NEXT_STEP = "Open a folder that holds one, or choose any series of the list with Shift+Return."


class SideBySide:
    """Opens one series after another beside the open one; at most one is being read at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._task: Task | None = None
        self._wanted = ""

    @property
    def is_loading(self) -> bool:
        """Whether a series is being read."""
        return self._task is not None and not self._task.is_over

    def show(self, volume_id: str) -> None:
        """Show a series of the list beside the open one."""
        self.stop()
        self._wanted = volume_id
        self._task = self._session.start(show_beside, volume_id=volume_id)

    def show_next(self) -> None:
        """Show the series that follows in the list of those that belong to the open one."""
        ids = series_to_show(self._session)
        if not ids:
            self._session.tell("note", NOTHING, NEXT_STEP)
            return
        shown = self._shown_id()
        self.show(ids[(ids.index(shown) + 1) % len(ids)] if shown in ids else ids[0])

    def next_layout(self) -> None:
        """The next arrangement of the views; that of two series only where there is a second one."""
        state, busy = self._session.view, self.is_loading
        self.stop()
        place = LAYOUTS.index(LAYOUT) if busy else LAYOUTS.index(state.layout)
        following = LAYOUTS[(place + 1) % len(LAYOUTS)]
        if following == LAYOUT and series_to_show(self._session):
            self.show_next()
        else:
            state.layout = LAYOUTS[0] if following == LAYOUT else following

    def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _shown_id(self) -> str:
        """The series beside, or the one that is being read."""
        beside = self._session.beside
        return self._wanted if self.is_loading else beside.case.volume.id if beside else ""
