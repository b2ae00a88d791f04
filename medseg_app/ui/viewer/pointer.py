"""Pointer: what mouse and wheel do in a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from medseg_app.tools.contract import Modifier, PointerEvent

from . import view_gestures
from .view_gestures import Drag, Pixels

if TYPE_CHECKING:
    from .slice_view import SliceView

NOTCH = 120
"""Qt's angle units of one notch of the wheel."""
WHEEL_ZOOM = 1.15
BRUSH_STEP = 1.15
BRUSH_LIMITS_MM = (0.5, 200.0)
CLICK_PX = 3
"""A press that moves less than this is a click."""
LEFT = Qt.MouseButton.LeftButton


def event_at(view: SliceView, place: QPointF, keys: Qt.KeyboardModifier) -> PointerEvent | None:
    """The pointer in patient mm, at a place in logical pixels of the view; None without a case."""
    if view.plane is None:
        return None
    on_plane = view.camera.to_view((place.x(), place.y()))
    x, y, z = view.plane.to_patient(on_plane, view.slice_index).tolist()
    return PointerEvent((x, y, z), view.plane.axis, view.slice_index, modifiers_of(keys))


def modifiers_of(keys: Qt.KeyboardModifier) -> frozenset[Modifier]:
    """The modifier keys in the tools' words."""
    names: list[tuple[Qt.KeyboardModifier, Modifier]] = [
        (Qt.KeyboardModifier.ControlModifier, "Control"),
        (Qt.KeyboardModifier.ShiftModifier, "Shift"),
        (Qt.KeyboardModifier.AltModifier, "Alt"),
    ]
    return frozenset(name for flag, name in names if flag in keys)


class Pointer:
    """Turns the mouse events of one view into view gestures or gestures of the active tool."""

    def __init__(self, view: SliceView) -> None:
        self._view = view
        self._drag: Drag | None = None
        self._button = LEFT
        self._pressed: Pixels | None = None
        self._last: Pixels = (0.0, 0.0)
        self._clicked = False
        self._notches = 0.0

    def press(self, event: QMouseEvent) -> None:
        """A button went down: start a gesture of the view or of the tool."""
        view, place = self._view, event.position()
        self._let_go_unless_held(event)
        if view.plane is None or self._drag is not None or view.session.gestures.is_running:
            return
        view.session.view.plane, view.session.view.is_active = view.name, True
        self._button = event.button()
        self._pressed = self._last = (place.x(), place.y())
        self._drag = self._drag_for(event, self._pressed)
        self._clicked = self._drag is not None and event.button() == LEFT
        pointer = event_at(view, place, event.modifiers())
        if self._drag is None and event.button() == LEFT and pointer is not None:
            view.session.gestures.press(pointer)

    def _drag_for(self, event: QMouseEvent, place: Pixels) -> Drag | None:
        view = self._view
        if event.button() == Qt.MouseButton.MiddleButton:
            return view_gestures.pan_drag(view)
        if event.button() == Qt.MouseButton.RightButton:
            return view_gestures.zoom_drag(view, place)
        if event.button() != LEFT:
            return None
        if view.overlay.slice_bar.holds(place, view.size()):
            return view_gestures.bar_drag(view, view.overlay.slice_at)
        return view_gestures.drag_of(view, view.session.view.tool, place)

    def move(self, event: QMouseEvent) -> None:
        """The mouse moved, with or without a button."""
        place = event.position()
        now = (place.x(), place.y())
        self._let_go_unless_held(event)
        gestures = self._view.session.gestures
        pointer = event_at(self._view, place, event.modifiers())
        if pointer is None:
            return
        if self._drag is not None and self._pressed is not None:
            far = max(abs(now[0] - self._pressed[0]), abs(now[1] - self._pressed[1])) > CLICK_PX
            self._clicked = self._clicked and not far
            self._drag(self._last, now)
        elif gestures.is_running:
            gestures.move(pointer)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not event.buttons():
            view_gestures.move_cursor(self._view, now)
        self._last = now

    def release(self, event: QMouseEvent) -> None:
        """The button was let go: a click moves the cross, a gesture of the tool is committed."""
        if event.button() != self._button:  # another one, pressed meanwhile
            return
        pointer = event_at(self._view, event.position(), event.modifiers())
        if self._drag is not None:
            on_bar = self._view.overlay.slice_bar.holds(self._last, self._view.size())
            if self._clicked and self._pressed is not None and not on_bar:
                view_gestures.move_cursor(self._view, self._pressed)
            self._drag, self._pressed = None, None
        elif self._view.session.gestures.is_running and pointer is not None:
            self._view.session.gestures.release(pointer)

    def _let_go_unless_held(self, event: QMouseEvent) -> None:
        """End what a button began that is up again: a dialog or menu that opened took its release."""
        held = event.buttons() & ~event.button()
        if not held & self._button:
            self._drag, self._pressed = None, None
        if not held & LEFT:
            self._view.session.gestures.settle()

    def wheel(self, event: QWheelEvent) -> None:
        """A notch goes one slice; with Ctrl it zooms, with Shift it changes the brush."""
        turn = event.angleDelta()
        self._notches += (turn.y() or turn.x()) / NOTCH
        steps = int(self._notches)
        self._notches -= steps
        if not steps or self._view.plane is None:
            return
        place = event.position()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            view = self._view
            view.look(view.camera.zoomed(WHEEL_ZOOM**steps, (place.x(), place.y())))
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            state = self._view.session.view
            low, high = BRUSH_LIMITS_MM
            state.brush_mm = min(max(state.brush_mm * BRUSH_STEP**steps, low), high)
        else:
            view_gestures.scroll_by(self._view, -steps)
