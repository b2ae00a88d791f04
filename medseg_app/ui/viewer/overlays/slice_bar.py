"""Slice bar: where the slice lies in the stack, with a heat strip of the slices that hold labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter

from medseg_app.ui import theme

from .frame import Frame

GRIP = 16.0
"""Pixels at the right edge in which a press takes hold of the bar."""
INSET = 44.0
RIGHT = 7.0
THICK = 3.0
MARKER = QColor(theme.TEXT)
TRACK = QColor(255, 255, 255, 34)

Runs = list[tuple[int, int, QColor]]
"""First slice, slice after the last, colour."""


class SliceBar:
    """Draws the bar of one view; `runs` are the slices with labels."""

    def __init__(self) -> None:
        self.runs: Runs = []

    def paint(self, painter: QPainter, frame: Frame, *, downwards: int) -> None:
        """Draw track, heat strip and marker; downwards is the change of slice number towards the foot."""
        top, long = self._track(frame.height)
        x = frame.width - RIGHT
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(TRACK)
        painter.drawRoundedRect(QRectF(x - THICK, top, THICK, long), THICK / 2, THICK / 2)
        n = frame.plane.slices
        for first, stop, colour in self.runs:
            start, end = (first / n, stop / n) if downwards > 0 else (1 - stop / n, 1 - first / n)
            painter.setBrush(colour)
            painter.drawRect(QRectF(x - THICK, top + start * long, THICK, max((end - start) * long, 1.0)))
        place = (frame.slice_index + 0.5) / n if downwards > 0 else 1 - (frame.slice_index + 0.5) / n
        painter.setBrush(MARKER)
        painter.drawRoundedRect(QRectF(x - THICK - 3, top + place * long - 2, THICK + 6, 4), 2, 2)

    def holds(self, place: tuple[float, float], size: QSize) -> bool:
        """Whether a press at this place takes hold of the bar."""
        top, long = self._track(size.height())
        return place[0] >= size.width() - GRIP and top - 6 <= place[1] <= top + long + 6

    def slice_at(self, y: float, height: int, slices: int, *, downwards: int) -> int:
        """The slice number at a height of the view."""
        top, long = self._track(height)
        share = min(max((y - top) / max(long, 1.0), 0.0), 1.0)
        number = int(min(share * slices, slices - 1))
        return number if downwards > 0 else slices - 1 - number

    @staticmethod
    def _track(height: int) -> tuple[float, float]:
        return INSET, max(height - 2 * INSET, 1.0)


def runs_of(occupied: NDArray[np.bool_], colour: QColor) -> Runs:
    """The stretches of slices that hold something."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], occupied.astype(np.int8), [0]])))
    return [(int(a), int(b), colour) for a, b in zip(edges[::2], edges[1::2], strict=True)]
