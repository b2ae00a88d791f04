"""Orientation letters: which side of the patient lies at the middle of each edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from medseg_app.ui import theme

from .frame import Frame
from .ink import overlay_font, write

SIDES = (("L", "R"), ("P", "A"), ("S", "I"))
OBLIQUE = 0.17
"""A second letter appears where the direction leans over by more than about 10 degrees."""
BOX = 30.0
EDGE = 6.0
BAR_ROOM = 18.0


def letters_of(direction_lps: ArrayLike) -> str:
    """The side that a direction points to: "A", or "AL" where it is oblique; strongest first."""
    direction = np.asarray(direction_lps, dtype=np.float64)
    direction = direction / np.linalg.norm(direction)
    order = np.argsort(-np.abs(direction), kind="stable")
    strong = [axis for axis in order if abs(direction[axis]) > OBLIQUE]
    return "".join(SIDES[axis][0 if direction[axis] > 0 else 1] for axis in strong)


def paint(painter: QPainter, frame: Frame) -> None:
    """Write a letter at the middle of every edge."""
    right, down = letters_of(frame.plane.right), letters_of(frame.plane.down)
    left, up = letters_of(-frame.plane.right), letters_of(-frame.plane.down)
    painter.setFont(overlay_font(strong=True))
    middle_x, middle_y = frame.width / 2 - BOX / 2, frame.height / 2 - BOX / 2
    far_x, far_y = frame.width - EDGE - BOX - BAR_ROOM, frame.height - EDGE - BOX
    vertical, horizontal = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignHCenter
    for text, x, y, flags in (
        (left, EDGE + 2, middle_y, Qt.AlignmentFlag.AlignLeft | vertical),
        (right, far_x, middle_y, Qt.AlignmentFlag.AlignRight | vertical),
        (up, middle_x, EDGE, Qt.AlignmentFlag.AlignTop | horizontal),
        (down, middle_x, far_y, Qt.AlignmentFlag.AlignBottom | horizontal),
    ):
        write(painter, QRectF(x, y, BOX, BOX), flags, text, theme.TEXT)
