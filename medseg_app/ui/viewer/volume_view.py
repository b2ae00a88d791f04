"""VolumeView: labels (and the bones of a CT) as surfaces, drawn by napari, only when the user asks for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from medseg_app.app.session import Session
from medseg_app.core.case import Case
from medseg_app.ui import theme
from medseg_app.ui.labels import label

from .meshes import Mesh, mesh_of_case
from .napari_canvas import NapariCanvas

DELAY_MS = 700
"""A stroke is drawn in 3D some time after it ended."""
OFF = "3D is off. Click here or press Shift+D."
WORKING = "Preparing surfaces"
NOTHING = "Surfaces of the labels appear here."
FROM_THE_FRONT = {"view_direction": (0, 1, 0), "up_direction": (1, 0, 0)}


MOUSE = (
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseMove,
    QEvent.Type.MouseButtonRelease,
    QEvent.Type.Wheel,
)


class VolumeView(QWidget):
    """Says how to switch 3D on; then shows the surfaces of the open case. Left-drag turns, wheel zooms."""

    double_clicked = Signal()
    _made = Signal(object, object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._case: Case | None = None
        self._canvas: NapariCanvas | None = None
        self._surface: Any = None
        self._drawn = False
        self.setPalette(QPalette(QColor(theme.CANVAS)))
        self.setAutoFillBackground(True)
        self._hint = label("", "caption")
        column = QVBoxLayout(self)
        column.addWidget(self._hint, 0, Qt.AlignmentFlag.AlignCenter)
        self._pool = ThreadPoolExecutor(1, "surfaces")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._start)
        self._made.connect(self._take)
        self.setToolTip("Surfaces of the labels: drag turns, wheel enlarges (Shift+D)")

    # -- what is shown -----------------------------------------------------------------------------

    def show_case(self, case: Case | None) -> None:
        """Show another case, from the front."""
        self._case = case
        self._forget()
        self._ask(at_once=True)

    def labels_changed(self) -> None:
        """Draw again once the reader pauses."""
        self._ask()

    def show_drawn(self, drawn: bool) -> None:
        """Switch 3D on or off."""
        if drawn != self._drawn:
            self._drawn = drawn
            self._ask(at_once=True)

    def close_view(self) -> None:
        """Stop what runs in the thread."""
        self._timer.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._canvas is not None:
            self._canvas.close()

    def _forget(self) -> None:
        if self._canvas is not None:
            self._canvas.clear()
            self.update()
        self._surface = None

    def _ask(self, *, at_once: bool = False) -> None:
        self._hint.setText("" if self._case is None else WORKING if self._drawn else OFF)
        if not self._drawn:
            self._forget()
        elif self._case is not None:
            self._timer.start(0 if at_once else DELAY_MS)

    def _start(self) -> None:
        case, hidden = self._case, self._session.view.hidden
        if case is not None and self._drawn:
            self._pool.submit(mesh_of_case, case, hidden).add_done_callback(self._report(case))

    def _report(self, case: Case) -> Callable[[Future[Mesh | None]], None]:
        def report(future: Future[Mesh | None]) -> None:
            if not future.cancelled() and future.exception() is None:
                self._made.emit(case, future.result())

        return report

    def _take(self, case: Case, mesh: Mesh | None) -> None:
        if case is not self._case or not self._drawn:
            return
        if mesh is None:
            self._forget()
            self._hint.setText(NOTHING)
            return
        self._draw(mesh)

    # -- napari ------------------------------------------------------------------------------------

    def _draw(self, mesh: Mesh) -> None:
        canvas = self._ready_canvas()
        data = (mesh.vertices[:, ::-1], mesh.faces[:, ::-1], np.ones(len(mesh.vertices), np.float32))
        if self._surface is None:
            self._surface = canvas.model.add_surface(data, vertex_colors=mesh.colours, shading="smooth")
            canvas.model.reset_view()
            canvas.model.scene.camera.set_view_direction(**FROM_THE_FRONT)
        else:
            self._surface.vertex_colors = None
            self._surface.data = data
            self._surface.vertex_colors = mesh.colours
        self._hint.setText("")
        canvas.redraw()

    def _ready_canvas(self) -> NapariCanvas:
        if self._canvas is None:
            self._canvas = NapariCanvas(self)
            self._canvas.model.dims.ndisplay = 3
            # napari's own choice shows right-handed coordinates such as LPS as in a mirror.
            self._canvas.model.scene.camera.orientation = ("away", "down", "right")
            self._canvas.resize(self.size())
        return self._canvas

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the canvas over the whole view."""
        if self._canvas is not None:
            self._canvas.resize(self.size())
            before = min(event.oldSize().width(), event.oldSize().height())
            if before > 0:
                self._canvas.model.scene.camera.zoom *= min(self.width(), self.height()) / before
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the surfaces, if there are any."""
        if self._canvas is not None and self._surface is not None:
            painter = QPainter(self)
            self._canvas.paint(painter, event.rect())
            painter.end()

    def event(self, event: QEvent) -> bool:
        """Pass the mouse on to napari, which turns and zooms."""
        if event.type() in MOUSE and self._canvas is not None and self._surface is not None:
            QCoreApplication.sendEvent(self._canvas.native, event)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on the hint switches 3D on."""
        if self._case is not None:
            self._session.view.show_3d = True

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Make the view large, or small again."""
        self.double_clicked.emit()
