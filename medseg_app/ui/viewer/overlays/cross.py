"""Cross: where the linked cursor lies in a view, with a gap so that it hides nothing."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPen, QRegion

from . import corner_text, scale_bar
from .frame import Frame

GAP = 16.0
EDGE = 26.0
"""The lines end before the letters at the edges of the view."""
BAR_ROOM = 12.0
COLOUR = QColor(230, 232, 234, 84)


def paint(painter: QPainter, frame: Frame) -> None:
    """Draw the cross lines."""
    if not frame.state.show_cross or not frame.shows_cursor:
        return
    painter.save()
    texts = QRegion()
    for area in (*corner_text.areas(frame), scale_bar.area(frame)):
        texts |= QRegion(area.toAlignedRect())
    painter.setClipRegion(painter.clipRegion() - texts)
    _lines(painter, frame)
    painter.restore()


def _lines(painter: QPainter, frame: Frame) -> None:
    (x, y), _ = frame.pixels_of(frame.state.cursor_lps)
    painter.setPen(QPen(COLOUR, 1.0))
    right, bottom = frame.width - EDGE - BAR_ROOM, frame.height - EDGE
    for start, end in ((EDGE, x - GAP), (x + GAP, right)):
        if start < end:
            painter.drawLine(QPointF(start, y), QPointF(end, y))
    for start, end in ((EDGE, y - GAP), (y + GAP, bottom)):
        if start < end:
            painter.drawLine(QPointF(x, start), QPointF(x, end))
