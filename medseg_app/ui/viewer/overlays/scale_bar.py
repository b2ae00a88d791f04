"""Scale bar: a round length in mm or cm at the bottom of a view."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from medseg_app.ui import theme

from .frame import Frame
from .ink import lines, overlay_font, write

LENGTHS_MM = (1, 2, 5, 10, 20, 50, 100, 200, 500)
LONGEST_PX = 140
BOTTOM = 32.0
TICK = 3.0


def length_of(zoom: float, available: float) -> int:
    """The longest round length (mm) that fits into the available pixels."""
    fitting = [mm for mm in LENGTHS_MM if mm * zoom <= available]
    return fitting[-1] if fitting else LENGTHS_MM[0]


def paint(painter: QPainter, frame: Frame) -> None:
    """Draw the bar above the lower letter."""
    mm = _length(frame)
    half, middle, y = mm * frame.camera.zoom / 2, frame.width / 2, frame.height - BOTTOM
    left, right = QPointF(middle - half, y), QPointF(middle + half, y)
    up = QPointF(0, -TICK)
    lines(painter, [(left, right), (left, left + up), (right, right + up)], QColor(theme.SECONDARY))
    painter.setFont(overlay_font())
    text = f"{mm // 10} cm" if mm >= 10 else f"{mm} mm"
    area = QRectF(middle - 40, y - 17, 80, 14)
    write(painter, area, Qt.AlignmentFlag.AlignCenter, text, theme.SECONDARY)


def area(frame: Frame) -> QRectF:
    """Where the bar and its length stand, in logical pixels."""
    half = max(_length(frame) * frame.camera.zoom / 2, 20.0)
    return QRectF(frame.width / 2 - half, frame.height - BOTTOM - 18, 2 * half, 22)


def _length(frame: Frame) -> int:
    return length_of(frame.camera.zoom, min(LONGEST_PX, frame.width / 4))
