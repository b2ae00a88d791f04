"""SliceView: one plane of the open case, its canvas below and its overlay on top."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from medseg_app.app.view_state import Plane
from medseg_app.app.viewed import Viewed
from medseg_app.core.box import Box
from medseg_app.core.case import Case

from .camera import PlaneCamera
from .marks import Marks, Reach, Rectangle, grown
from .napari_canvas import NapariCanvas
from .overlays.overlay import Overlay
from .plane import ViewPlane
from .slice_visual import SliceNode

LONGEST_REACH = 8
"""Outlines grow to at most this many voxels where a view is zoomed out."""
OUTLINE_MARGIN_PX = 4
"""Outlines reach this far over the voxels that changed."""


class SliceView(QWidget):
    """Shows slice `slice_index` of `plane`; follows the linked cursor of its session.

    session: the session, or what stands for it where a series is shown beside the open one.
    caption, warnings: what to say about the series over the image, besides whose it is.

    Textures are sent when a frame is drawn, not when something changes: whatever happens between two
    frames costs one upload, so that fast scrolling drops frames instead of lagging behind.
    """

    pointed = Signal(object)
    """The pointer is at a QPointF of the view, or left it (None)."""
    double_clicked = Signal()
    looked = Signal()
    """The view shows another part of its plane, or shows it larger or smaller."""

    def __init__(self, session: Viewed, name: Plane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.name = name
        self.plane: ViewPlane | None = None
        self.case: Case | None = None
        self.caption = ""
        self.warnings: tuple[str, ...] = ()
        self.slice_index = 0
        self.camera = PlaneCamera()
        self._marks: Marks | None = None
        self._reach: Reach = (1, 1)
        self._stale_image = self._stale_marks = self._stale_colours = True
        self._stale_part: Rectangle | None = None
        self.canvas = NapariCanvas(self)
        self.canvas.deafen()
        self.canvas.before_draw = self._send_textures
        self._node = SliceNode(parent=self.canvas.scene)
        self._node.visible = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.overlay = Overlay(self)
        self.overlay.raise_()

    def sizeHint(self) -> QSize:
        """Views take what they get."""
        return QSize(320, 320)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep canvas and overlay over the whole view."""
        self.canvas.resize(self.size())
        self.overlay.setGeometry(self.rect())
        extent = self.plane.extent if self.plane else (0.0, 0.0, 1.0, 1.0)
        self.look(self.camera.resized((self.width(), self.height()), extent))
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the slice."""
        painter = QPainter(self)
        self.canvas.paint(painter, event.rect())
        painter.end()

    # -- what is shown -----------------------------------------------------------------------------

    def show_case(self, case: Case | None, plane: ViewPlane | None, marks: Marks | None) -> None:
        """Show a case (or nothing), fitted into the view."""
        self.case, self.plane, self._marks = case, plane, marks
        self._node.visible = case is not None
        if case is not None and plane is not None:
            self._node.set_mesh(*plane.mesh)
            padding = case.volume.padding
            self._node.set_values(
                padding=(padding or 0.0, 0.0 if padding is None else 1.0),
                inverted=float(case.volume.inverted),
            )
            self.camera = self.camera.fit(plane.extent)
            self.slice_index = self._cursor_slice()
        self._stale_image = self._stale_marks = self._stale_colours = True
        self.show_values()
        self.look(self.camera)

    def show_values(self) -> None:
        """Follow window, opacity, interpolation and visibility of the view state."""
        view = self.session.view
        centre, width = view.window
        self._node.set_values(
            window=(centre - width / 2, centre + max(width, 1e-6) / 2),
            fill=view.fill_opacity,
            marked=float(view.show_labels),
        )
        self._node.set_smooth(view.interpolate)
        self._set_outlines()
        self.redraw()

    def _set_outlines(self) -> None:
        """Outlines keep their width on the screen, and are at least one voxel where voxels are small."""
        if self.plane is None:
            return
        spacing = self.plane.geometry.spacing_kji
        pixels = [spacing[axis] * self.camera.zoom for axis in (self.plane.vertical, self.plane.horizontal)]
        down, across = (self.session.view.outline_px / size for size in pixels)
        width = (across, down) if self.session.view.show_outlines else (0.0, 0.0)
        self._node.set_values(edge=width)
        reach = tuple(min(max(math.ceil(voxels - 0.5), 1), LONGEST_REACH) for voxels in (down, across))
        if reach != self._reach:
            self._reach, self._stale_marks = (reach[0], reach[1]), True

    def show_marks(self, marks: Marks | None) -> None:
        """Segments or proposals changed: colours, visibility, which candidates are shown."""
        if marks is not None and marks.looks_like(self._marks):
            return
        self._marks = marks
        self._stale_marks = self._stale_colours = True
        self.redraw()

    def follow_cursor(self) -> None:
        """The linked cursor moved: show the slice that it lies on."""
        if self.plane is None:
            return
        wanted = self._cursor_slice()
        if wanted != self.slice_index:
            self.slice_index = wanted
            self._stale_image = self._stale_marks = True
            self.canvas.redraw()
        self.overlay.update()

    def _cursor_slice(self) -> int:
        assert self.plane is not None
        number = self.plane.geometry.to_index(self.session.view.cursor_lps)[self.plane.axis]
        return int(np.clip(np.floor(number + 0.5), 0, self.plane.slices - 1))

    def refresh(self, box: Box) -> None:
        """Voxels inside a box changed: redraw the part that this slice shows, if any."""
        part = (
            self.plane.cut_box(box.clipped(self.plane.geometry.shape), self.slice_index)
            if self.plane
            else None
        )
        if part is None:
            return
        self._stale_part = part if self._stale_part is None else _around(self._stale_part, part)
        self.canvas.redraw(self.area_of(part))

    def area_of(self, part: Rectangle) -> QRect:
        """Logical pixels that a part (down, across) of the slice covers, with room for outlines."""
        more = OUTLINE_MARGIN_PX
        return self.pixels_of(part).adjusted(-more, -more, more, more) & self.rect()

    def pixels_of(self, part: Rectangle) -> QRect:
        """Logical pixels that a part (down, across) of the slice covers."""
        assert self.plane is not None
        rows, columns = part
        corners = np.zeros((4, 3))
        corners[:, self.plane.vertical] = np.array([rows.start, rows.start, rows.stop, rows.stop]) - 0.5
        corners[:, self.plane.horizontal] = np.array([columns.start, columns.stop] * 2) - 0.5
        pixels = self.camera.to_screen(self.plane.to_view(corners))
        low, high = np.floor(pixels.min(axis=0)).astype(int), np.ceil(pixels.max(axis=0)).astype(int)
        return QRect(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))

    def redraw(self) -> None:
        """Draw image and overlay again."""
        self.canvas.redraw()
        self.overlay.update()

    def look(self, camera: PlaneCamera) -> None:
        """Show another part of the plane."""
        self.camera = camera
        self._set_outlines()
        self.canvas.look_at(camera.centre, camera.zoom)
        self.overlay.update()
        self.looked.emit()

    def fit(self) -> None:
        """Show the whole slice."""
        if self.plane is not None:
            self.look(self.camera.fit(self.plane.extent))

    # -- textures ----------------------------------------------------------------------------------

    def _send_textures(self) -> None:
        if self.case is None or self.plane is None or self._marks is None:
            return
        if self._stale_image:
            self._node.set_image(self.plane.cut(self.case.volume.voxels, self.slice_index))
        if self._stale_colours:
            self._node.set_colours(self._marks.colours)
        if self._stale_marks:
            self._node.set_marks(self._marks.of_slice(self.plane, self.slice_index, None, self._reach))
        elif self._stale_part is not None:
            part = grown(self._stale_part, self._reach, self.plane.shape)
            piece = self._marks.of_slice(self.plane, self.slice_index, part, self._reach)
            self._node.set_marks_part(piece, (part[0].start, part[1].start))
        self._stale_image = self._stale_marks = self._stale_colours = False
        self._stale_part = None


def _around(a: Rectangle, b: Rectangle) -> Rectangle:
    rows = slice(min(a[0].start, b[0].start), max(a[0].stop, b[0].stop))
    return rows, slice(min(a[1].start, b[1].start), max(a[1].stop, b[1].stop))
