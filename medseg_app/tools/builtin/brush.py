"""Brush: paints the chosen segment; Ctrl erases."""

from __future__ import annotations

from medseg_app.tools.contract import Gesture, Outline, PointerEvent, ToolContext
from medseg_app.tools.stroke import brush_outline, stroke


class Brush:
    """Paints a disc (or a ball) of constant diameter in mm."""

    name, title, step = "brush", "Brush", "Brush"

    def gesture(self, context: ToolContext, press: PointerEvent) -> Gesture:
        """Paint from press to release."""
        return stroke(context, press, eraser=False)

    def outline(self, context: ToolContext, pointer: PointerEvent) -> Outline | None:
        """The circle that a press would paint."""
        return brush_outline(context, pointer, eraser=False)
