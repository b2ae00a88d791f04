"""Overlay: the transparent sheet over a slice that draws everything but the image and takes the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from medseg_app.core.box import Box
from medseg_app.tools.contract import Outline
from medseg_app.ui import theme
from medseg_app.ui.viewer import view_gestures
from medseg_app.ui.viewer.pointer import Pointer, event_at
from medseg_app.ui.viewer.view_gestures import VIEW_TOOLS

from . import brush, corner_text, cross, orientation, prompts, rulers, scale_bar
from .frame import Frame
from .refused import RefusedFlash
from .slice_bar import SliceBar

if TYPE_CHECKING:
    from medseg_app.ui.viewer.slice_view import SliceView


class Overlay(QWidget):
    """Texts, lines and the brush over one slice view."""

    def __init__(self, view: SliceView) -> None:
        super().__init__(view)
        self._view = view
        self._pointer = Pointer(view)
        self._place: QPointF | None = None
        self._outline: Outline | None = None
        self._outline_area = QRect()
        self._refused = RefusedFlash(view, self.update)
        self.slice_bar = SliceBar()
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)

    def frame(self) -> Frame | None:
        """The view as it is now; None without a case."""
        view = self._view
        if view.case is None or view.plane is None:
            return None
        state = view.session.view
        is_active = state.is_active and state.plane == view.name
        texts = view.caption, view.warnings
        return Frame(view.case, state, view.plane, view.camera, view.slice_index, is_active, *texts)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw everything that lies in the damaged area."""
        frame = self.frame()
        if frame is None:
            return
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.setClipRegion(event.region())
        self._refused.paint(painter)
        cross.paint(painter, frame)
        prompts.paint(painter, frame, self._view.session.gestures.prompt)
        rulers.paint(painter, frame, self._view.session.gestures.ruler)
        scale_bar.paint(painter, frame)
        self.slice_bar.paint(painter, frame, downwards=self._downwards())
        orientation.paint(painter, frame)
        corner_text.paint(painter, frame)
        brush.paint(painter, frame, self._outline)
        self._paint_frame(painter, frame)
        painter.end()

    def _paint_frame(self, painter: QPainter, frame: Frame) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if frame.is_active:
            painter.setPen(QColor(theme.ACCENT))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _downwards(self) -> int:
        return view_gestures.reading_direction(self._view)

    def slice_at(self, y: float) -> int:
        """The slice that the slice bar shows at a height."""
        plane = self._view.plane
        assert plane is not None
        return self.slice_bar.slice_at(y, self.height(), plane.slices, downwards=self._downwards())

    def flash(self, box: Box, mask: NDArray[np.bool_]) -> None:
        """Show once, for a moment, which voxels (k, j, i) of a box were refused."""
        self._refused.show(box, mask)

    # -- the brush ---------------------------------------------------------------------------------

    def refresh_brush(self, keys: Qt.KeyboardModifier | None = None) -> None:
        """Ask the tool again what a press would touch, after the pointer, a key or the brush changed."""
        frame, place = self.frame(), self._place
        outline = None
        if frame is not None and place is not None:
            pressed = QGuiApplication.keyboardModifiers() if keys is None else keys
            pointer = event_at(self._view, place, pressed)
            outline = self._view.session.gestures.cursor(pointer) if pointer else None
        area = brush.area_of(frame, outline) if frame else QRect()
        self.update(self._outline_area.united(area))
        self._outline, self._outline_area = outline, area
        self.setCursor(Qt.CursorShape.ArrowCursor if outline is None else Qt.CursorShape.CrossCursor)

    # -- mouse -------------------------------------------------------------------------------------

    def _at(self, event: QMouseEvent) -> None:
        self._place = event.position()
        self._view.pointed.emit(self._place)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A button went down."""
        self._at(event)
        self._pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The mouse moved."""
        self._at(event)
        self._pointer.move(event)
        self.refresh_brush(event.modifiers())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A button was let go."""
        self._at(event)
        self._pointer.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Make the view large, or small again; while drawing it is a second press."""
        if event.button() == Qt.MouseButton.LeftButton and self._view.session.view.tool in VIEW_TOOLS:
            self._view.double_clicked.emit()
        else:
            self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel turned."""
        self._pointer.wheel(event)
        event.accept()
        self.refresh_brush(event.modifiers())

    def leaveEvent(self, event: QEvent) -> None:
        """The mouse left the view."""
        self._place = None
        self._view.pointed.emit(None)
        self.refresh_brush()
        super().leaveEvent(event)
