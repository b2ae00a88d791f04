"""Ink: text and lines that stay readable over bright and dark images."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from medseg_app.ui import theme

SHADE = QColor(0, 0, 0, 190)
AROUND = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1))


def overlay_font(*, strong: bool = False) -> QFont:
    """11 px with tabular figures."""
    face = theme.font(theme.CAPTION_PX, strong=strong)
    face.setFeature(QFont.Tag("tnum"), 1)
    return face


def write(
    painter: QPainter, area: QRectF, flags: Qt.AlignmentFlag, text: str, colour: str = theme.TEXT
) -> None:
    """Text with a thin dark edge."""
    painter.setPen(SHADE)
    for dx, dy in AROUND:
        painter.drawText(area.translated(dx, dy), flags, text)
    painter.setPen(QColor(colour))
    painter.drawText(area, flags, text)


def lines(
    painter: QPainter, pairs: Iterable[tuple[QPointF, QPointF]], colour: QColor, width: float = 1.0
) -> None:
    """Line segments with a dark edge."""
    segments = list(pairs)
    for pen in (QPen(QColor(0, 0, 0, 110), width + 2), QPen(colour, width)):
        painter.setPen(pen)
        for start, end in segments:
            painter.drawLine(start, end)
