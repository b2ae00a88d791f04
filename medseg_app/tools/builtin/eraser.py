"""Eraser: takes voxels from the chosen segment; Ctrl paints."""

from __future__ import annotations

from medseg_app.tools.contract import Gesture, Outline, PointerEvent, ToolContext
from medseg_app.tools.stroke import brush_outline, stroke


class Eraser:
    """Erases with a disc (or a ball) of constant diameter in mm."""

    name, title, step = "eraser", "Eraser", "Erase"

    def gesture(self, context: ToolContext, press: PointerEvent) -> Gesture:
        """Erase from press to release."""
        return stroke(context, press, eraser=True)

    def outline(self, context: ToolContext, pointer: PointerEvent) -> Outline | None:
        """The circle that a press would erase."""
        return brush_outline(context, pointer, eraser=True)
