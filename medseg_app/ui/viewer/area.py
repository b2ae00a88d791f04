"""ViewerArea: all views of the open case, in step with the session."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPalette
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from medseg_app.app.beside import LAYOUT
from medseg_app.app.change import Change
from medseg_app.app.session import Session
from medseg_app.app.view_state import Layout, Plane
from medseg_app.ui import theme

from . import view_gestures
from .beside_view import BesideView
from .heat import HeatStrips
from .hover import hover_at
from .layout import BESIDE, ViewLayout
from .marks import Marks
from .plane import planes_of
from .pointer import event_at
from .refresh import changes_labels, changes_marks, refresh_voxels
from .slice_view import SliceView
from .volume_view import VolumeView

PLANES: tuple[Plane, ...] = ("axial", "sagittal", "coronal")
VALUES = (
    "window",
    "window_name",
    "fill_opacity",
    "outline_px",
    "interpolate",
    "show_labels",
    "show_outlines",
)
MARKS = ("active_segment", "hidden", "strengths", "threshold", "selected_candidate")
LINES = ("show_patient", "show_cross", "plane", "tool", "is_active")
KEY_EVENTS = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
ARRANGEMENT = ("layout", "large", "show_3d", "plane", "is_active")


class ViewerArea(QWidget):
    """Axial, coronal, sagittal and 3D views. Needs a QApplication; loads napari when it is made.

    The plane in which a series was acquired leads: it is the large one of the layout.

    hovered: a Hover for the voxel under the pointer, None where there is none.
    """

    hovered = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._large: str | None = None
        self._main: Plane = "axial"
        self.setPalette(QPalette(QColor(theme.PANEL)))  # shows as hairlines between the views
        self.setAutoFillBackground(True)
        self._layout = ViewLayout(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._layout)
        self.views: dict[Plane, SliceView] = {name: SliceView(session, name, self._layout) for name in PLANES}
        self.volume_view = VolumeView(session, self._layout)
        for view in self.views.values():
            view.pointed.connect(partial(self._pointed, view))
            view.double_clicked.connect(partial(self._toggle_large, view.name))
        self.volume_view.double_clicked.connect(partial(self._toggle_large, "3d"))
        self._layout.add_views(
            {"3d": self.volume_view, **{str(name): view for name, view in self.views.items()}}
        )
        self._beside = BesideView(session, self._layout, self.views, self._welcome_beside)
        self._heat = HeatStrips(self)
        self._heat.ready.connect(self._show_heat)
        self._connect()
        if not self.views["axial"].canvas.is_software:
            session.view.show_3d = True
        self._show_case()
        self._arrange()

    def _connect(self) -> None:
        self._session.changed.connect(self._on_change)
        events = self._session.view.events
        for names, slot in (
            (("cursor_lps",), self._follow_cursor),
            (VALUES, self._show_values),
            (MARKS, self._show_marks),
            (LINES, self._show_lines),
            (("brush_mm", "brush_3d", "tool"), self._show_brush),
            (ARRANGEMENT, self._arrange),
            (("hidden",), self.volume_view.labels_changed),
        ):
            for name in names:
                getattr(events, name).connect(slot, max_args=0)
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]

    def close_views(self) -> None:
        """Let go of the session; call it before the window closes."""
        self._session.changed.disconnect(self._on_change)
        QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]
        self._heat.close()
        self.volume_view.close_view()
        self._beside.close()
        for view in self.views.values():
            view.canvas.close()

    # -- following the session ---------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        if "beside" in change.kinds:
            self._follow_beside()
        if "case" in change.kinds:
            self._show_case()
            return
        refresh_voxels(self.views.values(), change)
        if changes_marks(change):
            self._show_marks()
        if changes_labels(change):
            self._heat.ask(self._session.case)
            self.volume_view.labels_changed()
        if change.kinds & {"measurements", "proposal"}:
            self._show_lines()

    def _show_case(self) -> None:
        case = self._session.case
        planes = planes_of(case.volume.geometry) if case else {}
        marks = Marks.of(self._session, case) if case else None
        for name, view in self.views.items():
            view.show_case(case, planes.get(name), marks)
        self._heat.ask(case)
        self.volume_view.show_case(case)
        acquired = [name for name, plane in planes.items() if plane.axis == 0]
        if acquired:
            self._main = self._session.view.plane = acquired[0]
            self._arrange()

    def _follow_beside(self) -> None:
        self._layout.remove_view(BESIDE)
        self._beside.follow()
        if self.beside is not None:
            self._layout.add_views({BESIDE: self.beside})
        elif self._large == BESIDE:
            self._large = None
        self._arrange()

    def _welcome_beside(self, view: SliceView) -> None:
        view.pointed.connect(partial(self._pointed, view))
        view.double_clicked.connect(partial(self._toggle_large, BESIDE))

    def _show_marks(self) -> None:
        case = self._session.case
        marks = Marks.of(self._session, case) if case else None
        for view in self.views.values():
            view.show_marks(marks)

    def _show_values(self) -> None:
        for view in self.views.values():
            view.show_values()

    def _show_lines(self) -> None:
        for view in self.views.values():
            view.overlay.update()

    def _show_brush(self) -> None:
        for view in self.views.values():
            view.overlay.refresh_brush()

    def _follow_cursor(self) -> None:
        for view in self.views.values():
            view.follow_cursor()

    def _show_heat(self) -> None:
        for view in self.views.values():
            view.overlay.slice_bar.runs = self._heat.runs(view.plane) if view.plane else []
            view.overlay.update()

    # -- arrangement -------------------------------------------------------------------------------

    def _arrange(self) -> None:
        state = self._session.view
        if not state.large:
            self._large = None
        large = (self._large or self._active_name) if state.large else None
        single = self._is_single_slice()
        alone = self.beside is None and (single or state.layout == LAYOUT)
        layout: Layout = "one" if alone else state.layout
        any_plane = state.layout in ("one", LAYOUT) and not single
        self._layout.arrange(layout, large, state.plane if any_plane else self._main)
        self.volume_view.show_drawn(state.show_3d)

    def _is_single_slice(self) -> bool:
        """Whether the other planes would show nothing but a line."""
        case = self._session.case
        return case is not None and case.volume.geometry.shape[0] == 1

    def _toggle_large(self, name: str) -> None:
        state = self._session.view
        self._large = name
        state.large = not state.large

    # -- commands of the window --------------------------------------------------------------------

    @property
    def beside(self) -> SliceView | None:
        """The view of the series beside the open one."""
        return self._beside.view

    @property
    def active(self) -> SliceView:
        """The view that the user worked in last."""
        beside = self.beside
        return self.views[self._session.view.plane] if self._session.view.is_active or not beside else beside

    @property
    def _active_name(self) -> str:
        return BESIDE if self.active is self.beside else self._session.view.plane

    def fit(self) -> None:
        """Show whole slices again in every view."""
        for view in (*self.views.values(), *([self.beside] if self.beside else [])):
            view.fit()

    def scroll_slices(self, steps: int) -> None:
        """Go some slices on in the active view; negative goes back."""
        view_gestures.scroll_by(self.active, steps)

    def zoom(self, factor: float) -> None:
        """Zoom the active view around its middle."""
        view = self.active
        view.look(view.camera.zoomed(factor, (view.width() / 2, view.height() / 2)))

    # -- pointer -----------------------------------------------------------------------------------

    def _pointed(self, view: SliceView, place: QPointF | None) -> None:
        case = view.case
        pointer = event_at(view, place, Qt.KeyboardModifier.NoModifier) if place is not None else None
        series = case.volume.description if case and view is self.beside else ""
        self.hovered.emit(hover_at(case, pointer.position_lps, series) if case and pointer else None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show at once what the brush does while Ctrl is held; every event of the window passes here."""
        if event.type() in KEY_EVENTS and isinstance(event, QKeyEvent):
            self._on_key(event)
        return False

    def _on_key(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Control and not event.isAutoRepeat():
            held = event.type() == QEvent.Type.KeyPress
            keys = Qt.KeyboardModifier.ControlModifier if held else Qt.KeyboardModifier.NoModifier
            for view in self.views.values():
                view.overlay.refresh_brush(keys)
