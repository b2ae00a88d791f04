"""Ruler: measures the straight distance between press and release."""

from __future__ import annotations

from medseg_app.tools.contract import Gesture, Outline, PointerEvent, ToolContext


class Ruler:
    """Draws a ruler; it stays until it is deleted."""

    name, title, step = "ruler", "Ruler", ""

    def gesture(self, context: ToolContext, press: PointerEvent) -> Gesture:
        """Measure from the press to where the pointer is."""
        now = press
        while not now.is_release:
            now = yield
            context.measure(press.position_lps, now.position_lps, finished=now.is_release)

    def outline(self, context: ToolContext, pointer: PointerEvent) -> Outline | None:
        """The system's own cursor."""
        return None
