"""Brush: the outline of what a press would touch, true in mm in every plane."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from medseg_app.tools.contract import Outline
from medseg_app.ui import theme

from .frame import Frame, polygon

PAINT = QColor(theme.TEXT)
ERASE = QColor(theme.PROBLEM)
EDGE_PX = 4


def paint(painter: QPainter, frame: Frame, outline: Outline | None) -> None:
    """Draw the outline in the colour of what it does."""
    if outline is None:
        return
    pixels, _ = frame.pixels_of(outline.points_lps)
    shape = polygon(pixels)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(QColor(0, 0, 0, 140), 3.0), QPen(ERASE if outline.erases else PAINT, 1.25)):
        painter.setPen(pen)
        painter.drawPolygon(shape)


def area_of(frame: Frame, outline: Outline | None) -> QRect:
    """Logical pixels that the outline covers; empty without one."""
    if outline is None:
        return QRect()
    pixels, _ = frame.pixels_of(outline.points_lps)
    low, high = np.floor(pixels.min(axis=0)).astype(int), np.ceil(pixels.max(axis=0)).astype(int)
    area = QRect(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
    return area.adjusted(-EDGE_PX, -EDGE_PX, EDGE_PX, EDGE_PX)
