"""The gesture that brush and eraser share: a stroke of constant diameter in mm."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_edit import LabelPatch
from medseg_app.editing.stamp import Stamp, Stamper

from .contract import Gesture, Outline, PointerEvent, ToolContext

OUTLINE_POINTS = 48


@lru_cache(maxsize=4)
def _stamper(geometry: VolumeGeometry) -> Stamper:
    return Stamper(geometry)


def stroke(context: ToolContext, press: PointerEvent, *, eraser: bool) -> Gesture:
    """Paint or erase along the pointer, from press to release; Ctrl at the press inverts the tool."""
    erase = eraser != ("Control" in press.modifiers)
    segment = context.active_segment if erase else context.segment_to_paint()
    last, now = press, press
    while True:
        stamp = _stamp(context, last, now)
        if not stamp.box.is_empty:
            over = context.paint_over
            context.write(LabelPatch(segment, stamp.box, stamp.mask, erase=erase, over=over))
        if now.is_release:
            return
        last, now = now, (yield)


def _stamp(context: ToolContext, last: PointerEvent, now: PointerEvent) -> Stamp:
    stamper, radius = _stamper(context.geometry), context.brush_mm / 2
    if context.brush_3d:
        return stamper.ball(last.position, now.position, radius)
    return stamper.disc(last.position, now.position, radius, now.axis, now.slice_index)


def brush_outline(context: ToolContext, pointer: PointerEvent, *, eraser: bool) -> Outline:
    """The circle that a press would paint, in the plane that the view shows."""
    g = context.geometry
    steps = [g.k_step, g.j_step, g.i_step]
    del steps[pointer.axis]
    first = steps[0] / np.linalg.norm(steps[0])
    second = steps[1] - first * (steps[1] @ first)
    second /= np.linalg.norm(second)
    turn = np.linspace(0.0, 2.0 * np.pi, OUTLINE_POINTS, endpoint=False)[:, None]
    points = pointer.position + context.brush_mm / 2 * (np.cos(turn) * first + np.sin(turn) * second)
    return Outline(points, eraser != ("Control" in pointer.modifiers))
