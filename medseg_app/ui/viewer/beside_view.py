"""BesideView: the view of the series that stands beside the open one; made for it, and gone with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QWidget

from medseg_app.app.beside import Beside
from medseg_app.app.session import Session
from medseg_app.app.view_state import Plane

from .marks import Marks
from .plane import ViewPlane, planes_of
from .shared_scale import SharedScale
from .slice_view import SliceView

VALUES = ("window", "window_name", "interpolate")
LINES = ("show_patient", "show_cross", "is_active", "tool")
LINKED = "Linked by patient position"
APART = ("Not linked: it scrolls by itself", "Another frame of reference")
NO_FRAME = ("Not linked: it scrolls by itself", "No frame of reference is known")
OTHER_PATIENT = ("Another patient",)


class BesideView:
    """Follows `session.beside`; `view` is None where no series stands beside the open one."""

    def __init__(
        self,
        session: Session,
        parent: QWidget,
        mains: Mapping[Plane, SliceView],
        welcome: Callable[[SliceView], object],
    ) -> None:
        self._session, self._parent, self._mains, self._welcome = session, parent, mains, welcome
        self._shown: Beside | None = None
        self._scale: SharedScale | None = None
        self.view: SliceView | None = None

    def follow(self) -> None:
        """Make the view of the series that is beside now, and let the former one go."""
        if self._session.beside is self._shown:
            return
        self.close()
        self._shown = self._session.beside
        if self._shown is not None:
            self._make(self._shown)

    def close(self) -> None:
        """Give the memory of series and canvas back."""
        if self._scale is not None:
            self._scale.close()
        view, self.view, self._shown, self._scale = self.view, None, None, None
        if view is not None:
            view.show_case(None, None, None)
            view.hide()
            view.canvas.close()
            view.deleteLater()

    def _make(self, beside: Beside) -> None:
        self.view = view = SliceView(beside, beside.view.plane, self._parent)
        view.caption, view.warnings = _texts(beside, self._session)
        events = beside.view.events
        events.cursor_lps.connect(view.follow_cursor, max_args=0)
        events.plane.connect(self._show_plane, max_args=0)
        for name in VALUES:
            getattr(events, name).connect(view.show_values, max_args=0)
        for name in LINES:
            getattr(events, name).connect(self._show_lines, max_args=0)
        self._welcome(view)
        if beside.linked:
            self._scale = SharedScale(self._mains, view)
        self._show_plane()

    def _show_plane(self) -> None:
        view, beside = self.view, self._shown
        if view is not None and beside is not None:
            planes = planes_of(beside.case.volume.geometry)
            view.name = _plane_to_show(beside, planes)
            view.show_case(beside.case, planes[view.name], Marks.of(beside, beside.case))

    def _show_lines(self) -> None:
        if self.view is not None:
            self.view.overlay.update()


def _plane_to_show(beside: Beside, planes: Mapping[Plane, ViewPlane]) -> Plane:
    """That of the open series; of a single slice its own: across it there is nothing but a line."""
    if beside.case.volume.geometry.shape[0] > 1:
        return beside.view.plane
    return next(name for name, plane in planes.items() if plane.axis == 0)


def _texts(beside: Beside, session: Session) -> tuple[str, tuple[str, ...]]:
    """Caption and warnings: whether both series scroll together, and whether they show one patient."""
    mine, other = session.open().volume, beside.case.volume
    names = mine.patient.get("id", ""), other.patient.get("id", "")
    stranger = OTHER_PATIENT if all(names) and names[0] != names[1] else ()
    if beside.linked:
        return LINKED, stranger
    known = mine.geometry.frame_of_reference_uid and other.geometry.frame_of_reference_uid
    return "", (*stranger, *(APART if known else NO_FRAME))
