"""The gestures that a view handles itself: scroll, window, zoom, pan, and moving the cross."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .slice_view import SliceView

Pixels = tuple[float, float]
Drag = Callable[[Pixels, Pixels], None]
"""Called with the previous and the present place of the pointer, logical pixels."""

VIEW_TOOLS = ("window", "pan", "zoom", "scroll")
"""Tools of the left button that belong to the views; all others go to the session's gestures."""
PIXELS_PER_SLICE = 6
ZOOM_PER_PIXEL = 0.008
WINDOW_PER_PIXEL = 0.004
"""Share of the window's width that a pixel of drag changes."""


def move_cursor(view: SliceView, pixels: Pixels) -> None:
    """Put the linked cursor where the pointer is."""
    if view.plane is not None:
        index = view.plane.to_index(view.camera.to_view(pixels), view.slice_index)
        _point_at(view, index)


def scroll_to(view: SliceView, slice_index: int) -> None:
    """Show another slice: the linked cursor moves along the view's axis."""
    if view.plane is not None:
        index = view.plane.geometry.to_index(view.session.view.cursor_lps)
        index[view.plane.axis] = slice_index
        _point_at(view, index)


def _point_at(view: SliceView, index: np.ndarray) -> None:
    assert view.plane is not None
    geometry = view.plane.geometry
    inside = np.clip(index, 0, np.subtract(geometry.shape, 1))
    x, y, z = geometry.to_patient(inside).tolist()
    view.session.view.cursor_lps = (x, y, z)


def scroll_by(view: SliceView, steps: int) -> None:
    """Go some slices on (towards feet, back or left) or back."""
    scroll_to(view, view.slice_index + steps * reading_direction(view))


def reading_direction(view: SliceView) -> int:
    """+1 where a higher slice number lies nearer to the feet, the back or the left, else -1."""
    assert view.plane is not None
    plane = view.plane
    away = {"axial": (0, 0, -1), "coronal": (0, 1, 0), "sagittal": (1, 0, 0)}[plane.name]
    return 1 if float(plane.geometry.direction_kji[:, plane.axis] @ away) >= 0 else -1


def window_drag(view: SliceView) -> Drag:
    """Right widens the window, down lowers its level (the image gets brighter)."""

    def drag(before: Pixels, now: Pixels) -> None:
        centre, width = view.session.view.window
        share = max(width, 1.0) * WINDOW_PER_PIXEL
        wider = max(width + (now[0] - before[0]) * share, 1.0)
        view.session.view.window_name = ""
        view.session.view.window = (centre + (now[1] - before[1]) * share, wider)

    return drag


def zoom_drag(view: SliceView, anchor: Pixels) -> Drag:
    """Up zooms in around the place that was pressed, down zooms out."""

    def drag(before: Pixels, now: Pixels) -> None:
        view.look(view.camera.zoomed(float(np.exp((before[1] - now[1]) * ZOOM_PER_PIXEL)), anchor))

    return drag


def pan_drag(view: SliceView) -> Drag:
    """The image follows the pointer."""

    def drag(before: Pixels, now: Pixels) -> None:
        view.look(view.camera.panned((now[0] - before[0], now[1] - before[1])))

    return drag


def scroll_drag(view: SliceView, anchor: Pixels) -> Drag:
    """Down goes on, up goes back, one slice for every few pixels."""
    first = view.slice_index

    def drag(_before: Pixels, now: Pixels) -> None:
        steps = int((now[1] - anchor[1]) / PIXELS_PER_SLICE)
        scroll_to(view, first + steps * reading_direction(view))

    return drag


def bar_drag(view: SliceView, slice_at: Callable[[float], int]) -> Drag:
    """The slice bar: the slice under the pointer is shown."""

    def drag(_before: Pixels, now: Pixels) -> None:
        scroll_to(view, slice_at(now[1]))

    return drag


def drag_of(view: SliceView, tool: str, anchor: Pixels) -> Drag | None:
    """The gesture of a tool that belongs to the views; None for tools that touch the case."""
    if tool == "window":
        return window_drag(view)
    if tool == "pan":
        return pan_drag(view)
    if tool == "zoom":
        return zoom_drag(view, anchor)
    return scroll_drag(view, anchor) if tool == "scroll" else None
