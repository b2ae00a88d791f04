"""Cross: where the linked cursor lies in a view, with a gap so that it hides nothing."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPen

from .frame import Frame

GAP = 16.0
COLOUR = QColor(230, 232, 234, 84)


def paint(painter: QPainter, frame: Frame) -> None:
    """Draw the cross lines."""
    if not frame.state.show_cross:
        return
    (x, y), _ = frame.pixels_of(frame.state.cursor_lps)
    painter.setPen(QPen(COLOUR, 1.0))
    for start, end in (
        (QPointF(0, y), QPointF(x - GAP, y)),
        (QPointF(x + GAP, y), QPointF(frame.width, y)),
        (QPointF(x, 0), QPointF(x, y - GAP)),
        (QPointF(x, y + GAP), QPointF(x, frame.height)),
    ):
        painter.drawLine(start, end)
