"""NapariCanvas: napari's canvas without its chrome; all of napari's private API is here.

OpenGL draws into memory and the picture is copied to the screen like any other widget. A widget of OpenGL's
own makes Qt compose the whole window anew for every dab and every move of the brush: in software OpenGL
17 ms of processor time on a 1200x900 view, against 1 ms for a dab here. It also lets the window start, and
stay, an ordinary one.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software", "gdi generic", "basic render")
"""Words in the name of an OpenGL renderer that computes on the processor."""
AMBIENT = (1.0, 1.0, 1.0, 0.3)
"""White, at this share of the light."""
MODULES = (
    "napari.components.viewer_model",
    "napari.utils.key_bindings",
    "napari._vispy.canvas",
    "napari._vispy.utils.qt_font",
    "napari._vispy.layers.surface",
    "napari.layers",
)


@cache
def quiet_napari() -> None:
    """Load napari (over a second, in any thread) so that it keeps no settings and looks for no plug-ins."""
    os.environ.setdefault("QT_API", "pyside6")
    os.environ.setdefault("NAPARI_ASYNC", "0")
    from napari import settings

    if settings._SETTINGS is None:
        settings.get_settings(path=None)
    for module in MODULES:
        importlib.import_module(module)


class NapariCanvas:
    """One napari viewer model and its canvas, black, drawn when its picture is asked for.

    model: napari's ViewerModel. scene: the vispy node whose coordinates are napari's world (x, y, z).
    native: the widget that napari draws in and that takes its mouse events; it is never on the screen.
    draws: how many frames were drawn. before_draw: called first in every frame.
    """

    def __init__(self, view: QWidget) -> None:
        quiet_napari()
        from napari._vispy.canvas import VispyCanvas
        from napari._vispy.utils.qt_font import QtFontManager
        from napari.components.viewer_model import ViewerModel
        from napari.utils.key_bindings import KeymapHandler

        self._view = view
        self.model = ViewerModel()
        self.model.canvas.background_color_override = "black"
        self._vispy = VispyCanvas(
            self.model, KeymapHandler(), QtFontManager(), "", autoswap=False, show=False
        )
        self._canvas = self._vispy._scene_canvas
        self.native: Any = self._vispy.native
        self.scene: Any = self._vispy.view.scene
        self.before_draw: Callable[[], None] = lambda: None
        self.draws = 0
        self.picture = QImage()
        self._dirty = QRect()
        self._whole = True
        self._hide_native()
        self._canvas.update = self._redraw_whole
        self.model.layers.events.inserted.connect(self._add_layer)

    def _hide_native(self) -> None:
        native = self.native
        native.setUpdateBehavior(native.UpdateBehavior.PartialUpdate)
        native.paintGL = lambda: None  # frames are drawn by `_draw`, never by Qt
        # No child of the view, not even as a window: Qt composes every window that has had such a child.
        self._view.destroyed.connect(native.deleteLater)
        for attribute in (
            Qt.WidgetAttribute.WA_DontShowOnScreen,
            Qt.WidgetAttribute.WA_ShowWithoutActivating,
        ):
            native.setAttribute(attribute)
        native.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        native.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        native.show()

    def _light_from_the_eye(self) -> None:
        """Light surfaces from where they are seen; napari lights them from behind in this orientation."""
        direction = tuple(self.model.scene.camera.view_direction[::-1])
        for visual in self._vispy.layer_to_visual.values():
            shading = getattr(visual.node, "shading_filter", None)
            if shading is not None and tuple(shading.light_dir) != direction:
                shading.light_dir = direction
                shading.ambient_light = AMBIENT

    def _add_layer(self, event: Any) -> None:
        from napari._vispy import create_vispy_layer

        visual = create_vispy_layer(event.value, font_info=self._vispy.font_info())
        self._vispy.add_layer_visual_mapping(event.value, visual)

    @property
    def is_software(self) -> bool:
        """Whether OpenGL is computed by the processor."""
        from OpenGL import GL  # type: ignore[import-untyped]

        self.native.makeCurrent()
        renderer = bytes(GL.glGetString(GL.GL_RENDERER) or b"software").decode().lower()
        return any(name in renderer for name in SOFTWARE)

    # -- size and place ----------------------------------------------------------------------------

    @property
    def _scale(self) -> float:
        """The hidden widget may stand on a screen of another density than the view."""
        return float(self._view.devicePixelRatioF() / self.native.devicePixelRatioF())

    def resize(self, size: QSize) -> None:
        """Take the size of the view, logical pixels."""
        self.native.resize(size * self._scale)
        ratio = self._view.devicePixelRatioF()
        self.picture = QImage(size * ratio, QImage.Format.Format_RGB32)
        self.picture.setDevicePixelRatio(ratio)
        self.picture.fill(Qt.GlobalColor.black)
        self._redraw_whole()

    def look_at(self, centre: tuple[float, float], zoom: float) -> None:
        """Put a point (h, v) of the world in the middle, `zoom` logical pixels per unit."""
        camera = self.model.scene.camera
        if tuple(camera.center[-2:]) != (centre[1], centre[0]):
            camera.center = (0.0, centre[1], centre[0])
        if camera.zoom != zoom * self._scale:
            camera.zoom = zoom * self._scale
        self._redraw_whole()

    # -- drawing -----------------------------------------------------------------------------------
    # The frame buffer keeps its content, so a dab need only redraw the rectangle that it touched;
    # everything else asks for a whole frame through `SceneCanvas.update`.

    def redraw(self, area: QRect | None = None) -> None:
        """Ask for a frame: the whole view, or only an area in logical pixels."""
        if area is None:
            self._redraw_whole()
        else:
            self._dirty = self._dirty.united(area)
            self._view.update(area)

    def _redraw_whole(self, *_: Any, **__: Any) -> None:
        self._whole = True
        self._view.update()

    def paint(self, painter: QPainter, area: QRect) -> None:
        """Show an area of the picture, drawn anew where that was asked for."""
        if (self._whole or not self._dirty.isEmpty()) and not self.picture.isNull():
            self._draw(None if self._whole else self._dirty)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        ratio = self.picture.devicePixelRatio()
        corner = QPointF(area.topLeft()) * ratio
        painter.drawImage(QRectF(area), self.picture, QRectF(corner, QSizeF(area.size()) * ratio))

    def clear(self) -> None:
        """Take away all that napari shows; what OpenGL held for it is deleted at once."""
        self._make_current()
        self.model.layers.clear()

    def _make_current(self) -> None:
        """Let OpenGL mean this canvas: its numbers stand for other things in another one."""
        self.native.makeCurrent()
        self._canvas.set_current()

    def _draw(self, area: QRect | None) -> None:
        from OpenGL import GL  # type: ignore[import-untyped]

        self._make_current()
        self.before_draw()
        left, top, right, bottom = self._pixels_of(area)
        low = self.picture.height() - bottom
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.native.defaultFramebufferObject())
        if area is None:
            self._vispy.on_draw()  # brings the two cameras in step; napari itself does it after drawing
            self._light_from_the_eye()
        else:
            GL.glEnable(GL.GL_SCISSOR_TEST)
            GL.glScissor(left, low, right - left, bottom - top)
        self._dirty, self._whole = QRect(), False
        self._canvas.on_draw(None)
        self._canvas.context.flush_commands()
        GL.glDisable(GL.GL_SCISSOR_TEST)
        pixels = np.empty((bottom - top, right - left, 4), np.uint8)
        GL.glReadPixels(left, low, right - left, bottom - top, GL.GL_BGRA, GL.GL_UNSIGNED_BYTE, pixels)
        self._bytes()[top:bottom, left:right] = pixels[::-1]  # OpenGL counts rows from below
        self.draws += 1

    def _pixels_of(self, area: QRect | None) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) of an area in pixels of the picture."""
        width, height = self.picture.width(), self.picture.height()
        if area is None:
            return 0, 0, width, height
        ratio = self.picture.devicePixelRatio()
        left, top = int(area.left() * ratio), int(area.top() * ratio)
        right, bottom = int((area.right() + 1) * ratio) + 1, int((area.bottom() + 1) * ratio) + 1
        return max(left, 0), max(top, 0), min(right, width), min(bottom, height)

    def _bytes(self) -> NDArray[np.uint8]:
        """The picture's memory, shape (rows, columns, BGRx)."""
        picture = self.picture
        memory = np.frombuffer(picture.bits(), np.uint8)
        return memory.reshape(picture.height(), picture.bytesPerLine() // 4, 4)

    # -- mouse -------------------------------------------------------------------------------------

    def deafen(self) -> None:
        """Let neither mouse nor keys reach napari."""
        events = self._canvas.events
        for name in ("mouse_press", "mouse_move", "mouse_release", "mouse_wheel", "mouse_double_click"):
            getattr(events, name).disconnect()
        for name in ("key_press", "key_release"):
            getattr(events, name).disconnect()

    def close(self) -> None:
        """Give OpenGL's memory back."""
        self.native.close()
        self.native.deleteLater()
