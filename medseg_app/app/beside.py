"""Beside: another series next to the open one, to be looked at only, at the same place of the patient.

Two series mean the same place by a position in mm only where their files name one frame of reference;
elsewhere each of them keeps a cursor of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from medseg_app.core.case import Case, ReadOnly
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume
from medseg_app.tools.registry import tool_names

from .enter_case import centre_of
from .view_state import Layout, ViewState
from .viewed import NoGestures
from .windows import first_window

if TYPE_CHECKING:
    from .session import Session

LAYOUT: Layout = "side by side"
FOLLOWED = ("show_patient", "interpolate", "plane", "show_cross", "tool")
"""What the view of the series beside takes over from that of the open one."""


class Beside:
    """The series beside the open one.

    case: the series without labels. view: its own window and, where `linked` is false, its own cursor.
    linked: whether a position in mm is the same place of the patient in both series.
    """

    def __init__(self, volume: Volume, session: Session) -> None:
        self.case = Case.of(volume)
        self.case.read_only = ReadOnly("This series is shown to be looked at.", "Open it to mark something.")
        self.gestures = NoGestures()
        self.linked = share_frame(volume.geometry, session.open().volume.geometry)
        self._main = main = session.view
        self._layout_before: Layout = main.layout if main.layout != LAYOUT else "one and three"
        cursor = main.cursor_lps if self.linked else centre_of(volume)
        window, name = first_window(volume)
        self.view = ViewState(cursor_lps=cursor, window=window, window_name=name, is_active=False)
        self._follow()
        for name in FOLLOWED:
            getattr(main.events, name).connect(self._follow, max_args=0)
        main.events.cursor_lps.connect(self._take_cursor)
        main.events.is_active.connect(self._take_turn)
        self.view.events.cursor_lps.connect(self._give_cursor)
        self.view.events.is_active.connect(self._give_turn)

    def enter(self) -> None:
        """Take half of the images, also from a view that had them all."""
        self._main.large = False
        self._main.layout = LAYOUT

    def leave(self) -> None:
        """Give its voxels up, and the views of the open series their places back."""
        del self.case  # the memory is free now, whoever still holds the rest
        events = self._main.events
        for name in FOLLOWED:
            getattr(events, name).disconnect(self._follow)
        events.cursor_lps.disconnect(self._take_cursor)
        events.is_active.disconnect(self._take_turn)
        self._main.large = self._main.large and not self.view.is_active
        self._main.is_active = True
        if self._main.layout == LAYOUT:
            self._main.layout = self._layout_before

    def _follow(self) -> None:
        main, view = self._main, self.view
        view.show_patient, view.interpolate, view.plane = main.show_patient, main.interpolate, main.plane
        view.show_cross = main.show_cross and self.linked
        # A hand that would mark something has nothing to do here, so it changes the window.
        view.tool = main.tool if main.tool not in tool_names() else "window"

    def _take_cursor(self, place: Any) -> None:
        if self.linked:
            self.view.cursor_lps = place

    def _give_cursor(self, place: Any) -> None:
        if self.linked:
            self._main.cursor_lps = place

    def _take_turn(self, is_active: bool) -> None:
        self.view.is_active = not is_active

    def _give_turn(self, is_active: bool) -> None:
        self._main.is_active = not is_active


def share_frame(a: VolumeGeometry, b: VolumeGeometry) -> bool:
    """Whether both grids lie in one frame of reference, as their files name it."""
    return bool(a.frame_of_reference_uid) and a.frame_of_reference_uid == b.frame_of_reference_uid


def in_hand(session: Session) -> tuple[Volume, ViewState]:
    """The series that keys go to: the open one, or the one beside it. Raises WrongUse where none is open."""
    volume, beside = session.open().volume, session.beside
    if beside is None or session.view.is_active:
        return volume, session.view
    return beside.case.volume, beside.view


def series_to_show(session: Session) -> list[str]:
    """Ids of the listed series that belong beside the open one: of its study or its frame of reference.

    Those that can be linked come first.
    """
    case = session.case
    if case is None:
        return []
    mine = case.volume
    others = [info for info in session.studies if info.id != mine.id]
    linked = [info for info in others if share_frame(info.geometry, mine.geometry)]
    same_study = [info for info in others if info not in linked and _same_study(info.patient, mine.patient)]
    return [info.id for info in (*linked, *same_study)]


def _same_study(a: dict[str, str], b: dict[str, str]) -> bool:
    return bool(a.get("study_uid")) and a.get("study_uid") == b.get("study_uid")
