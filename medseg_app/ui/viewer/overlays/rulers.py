"""Rulers: measured distances that lie on the slice."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from medseg_app.core.case import Ruler
from medseg_app.ui import theme

from .frame import Frame
from .ink import lines, overlay_font, write

TICK = 5.0
NEAR = 0.51
"""A ruler shows on the slices that its ends touch."""


def paint(painter: QPainter, frame: Frame, growing: Ruler | None) -> None:
    """Draw the rulers of the case and the one that is being drawn."""
    for ruler in [*frame.case.rulers, *([growing] if growing else [])]:
        _paint(painter, frame, ruler)


def _paint(painter: QPainter, frame: Frame, ruler: Ruler) -> None:
    ends, off = frame.pixels_of(np.array([ruler.start_lps, ruler.end_lps]))
    if np.abs(off).max() > NEAR:
        return
    (x0, y0), (x1, y1) = ends.tolist()
    start, end = QPointF(x0, y0), QPointF(x1, y1)
    along = end - start
    length = max(float(np.hypot(along.x(), along.y())), 1e-6)
    tick = QPointF(-along.y(), along.x()) * (TICK / length)
    pairs = [(start, end), (start - tick, start + tick), (end - tick, end + tick)]
    lines(painter, pairs, QColor(theme.NOTE), 1.2)
    painter.setFont(overlay_font(strong=True))
    area = QRectF(end.x() + 8, end.y() - 8, 90, 16)
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    write(painter, area, flags, f"{ruler.length_mm:.1f} mm", theme.NOTE)
