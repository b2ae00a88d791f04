"""NapariCanvas: an OpenGL canvas of napari without its chrome; all of napari's private API is here."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import cache
from types import MethodType
from typing import Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QWidget

SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software", "gdi generic", "basic render")
"""Words in the name of an OpenGL renderer that computes on the processor."""
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
    """One napari viewer model and its canvas, black, drawn on demand.

    model: napari's ViewerModel. scene: the vispy node whose coordinates are napari's world (x, y, z).
    native: the Qt widget. draws: how many frames were drawn. before_draw: called first in every frame.
    first_frame: called once, when OpenGL is known to work.
    """

    def __init__(self, parent: QWidget) -> None:
        quiet_napari()
        from napari._vispy.canvas import VispyCanvas
        from napari._vispy.utils.qt_font import QtFontManager
        from napari.components.viewer_model import ViewerModel
        from napari.utils.key_bindings import KeymapHandler

        self.model = ViewerModel()
        self.model.canvas.background_color_override = "black"
        # autoswap: Qt composes the widget itself; vispy's own swap would only wait for the frame.
        self._vispy = VispyCanvas(
            self.model, KeymapHandler(), QtFontManager(), "", parent=parent, size=(64, 64), autoswap=False
        )
        self._canvas = self._vispy._scene_canvas
        self.native: Any = self._vispy.native
        self.native.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.native.setUpdateBehavior(self.native.UpdateBehavior.PartialUpdate)
        self.scene: Any = self._vispy.view.scene
        self.draws = 0
        self.before_draw: Callable[[], None] = lambda: None
        self.first_frame: Callable[[], None] = lambda: None
        self._renderer: str | None = None
        self._dirty: QRect | None = None
        self._whole = True
        self._update = self._canvas.update
        self._canvas.update = self._redraw_whole
        self.native.paintGL = MethodType(self._paint, self.native)
        self._canvas.events.resize.connect(self._redraw_whole)
        self.model.layers.events.inserted.connect(self._add_layer)

    def _add_layer(self, event: Any) -> None:
        from napari._vispy import create_vispy_layer

        visual = create_vispy_layer(event.value, font_info=self._vispy.font_info())
        self._vispy.add_layer_visual_mapping(event.value, visual)

    def deafen(self) -> None:
        """Let neither mouse nor keys reach napari."""
        events = self._canvas.events
        for name in ("mouse_press", "mouse_move", "mouse_release", "mouse_wheel", "mouse_double_click"):
            getattr(events, name).disconnect()
        for name in ("key_press", "key_release"):
            getattr(events, name).disconnect()

    # -- drawing on demand -------------------------------------------------------------------------
    # The frame buffer keeps its content between frames (PartialUpdate), so a dab need only redraw the
    # rectangle that it touched: everything else asks for a whole frame through `SceneCanvas.update`.

    def redraw(self, area: QRect | None = None) -> None:
        """Ask for a frame: the whole view, or only an area in logical pixels."""
        if area is None or self._whole:
            self._redraw_whole()
            return
        self._dirty = area if self._dirty is None else self._dirty.united(area)
        self._update()

    def _redraw_whole(self, *_: Any, **__: Any) -> None:
        self._whole = True
        self._update()

    def _paint(self, _native: Any) -> None:
        """Draw a frame. In place of vispy's own: that ends with a masked clear of the whole view, which is
        slow in software and not needed where everything drawn is opaque.
        """
        from vispy.gloo import gl

        self._canvas.set_current()
        self.before_draw()
        clipped = self._dirty is not None and not self._whole
        if clipped and self._dirty is not None:
            self._clip(self._dirty)
        self._canvas.events.draw(region=None)
        self._canvas.context.flush_commands()
        if clipped:
            gl.glDisable(gl.GL_SCISSOR_TEST)
        self._dirty, self._whole = None, False
        self.draws += 1
        if self._renderer is None:
            self._renderer = str(gl.glGetParameter(gl.GL_RENDERER))
            self.first_frame()

    def _clip(self, area: QRect) -> None:
        from vispy.gloo import gl

        ratio = self.native.devicePixelRatioF()
        height = round(self.native.height() * ratio)
        left, top = int(area.left() * ratio), int(area.top() * ratio)
        right, bottom = int((area.right() + 1) * ratio) + 1, int((area.bottom() + 1) * ratio) + 1
        gl.glEnable(gl.GL_SCISSOR_TEST)
        gl.glScissor(left, height - bottom, right - left, bottom - top)

    def look_at(self, centre: tuple[float, float], zoom: float) -> None:
        """Put a point (h, v) of the world in the middle, `zoom` logical pixels per unit."""
        camera = self.model.scene.camera
        if tuple(camera.center[-2:]) != (centre[1], centre[0]):
            camera.center = (0.0, centre[1], centre[0])
        if camera.zoom != zoom:
            camera.zoom = zoom
        self._redraw_whole()

    @property
    def is_software(self) -> bool:
        """Whether OpenGL is computed by the processor; known once a frame was drawn."""
        return self._renderer is None or any(name in self._renderer.lower() for name in SOFTWARE)
