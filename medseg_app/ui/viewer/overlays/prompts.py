"""Prompts: what the model for prompts was shown, on the slice where it was drawn.

What belongs to the object is a plus on a filled disc and a solid line; what does not is a minus on an empty
disc and a dashed line, so that nobody has to tell them apart by colour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from medseg_app.app.prompting import shown_prompts
from medseg_app.core.prompt import Prompt
from medseg_app.ui import theme

from .frame import HALF_SLICE, Frame, polygon

RADIUS, SIGN = 6.0, 3.0
LINE_PX = 1.75
DASHES = (4.0, 3.0)
DARK = QColor(0, 0, 0, 190)


def paint(painter: QPainter, frame: Frame, growing: Prompt | None) -> None:
    """Draw the prompts that lie on the slice, and the one that is being drawn, unless labels are hidden."""
    if not frame.state.show_labels:
        return
    for prompt in (*shown_prompts(frame.case), *([growing] if growing else [])):
        path, off = frame.pixels_of(frame.case.volume.geometry.to_patient(_corners(prompt)))
        if np.abs(off).max() <= HALF_SLICE and (prompt.kind == "point" or prompt.axis == frame.plane.axis):
            _paint(painter, prompt, path)


def _corners(prompt: Prompt) -> NDArray[np.float64]:
    """The points (n, 3) in (k, j, i) that a line runs through; a box has four and the first again."""
    voxels = np.array(prompt.voxels, dtype=np.float64)
    if prompt.kind != "box":
        return voxels
    down, across = (axis for axis in range(3) if axis != prompt.axis)
    ring = np.repeat(voxels[:1], 5, axis=0)
    ring[1:3, across] = voxels[1, across]
    ring[2:4, down] = voxels[1, down]
    return ring


def _paint(painter: QPainter, prompt: Prompt, path: NDArray[np.float64]) -> None:
    colour = QColor(theme.OK if prompt.belongs else theme.PROBLEM)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(DARK, LINE_PX + 2), QPen(colour, LINE_PX)):
        if not prompt.belongs:
            pen.setDashPattern([dash * LINE_PX / pen.widthF() for dash in DASHES])
        painter.setPen(pen)
        painter.drawPolyline(polygon(path))
    _paint_sign(painter, QPointF(*path[0].tolist()), colour, belongs=prompt.belongs)


def _paint_sign(painter: QPainter, place: QPointF, colour: QColor, *, belongs: bool) -> None:
    painter.setPen(QPen(DARK, LINE_PX + 2))
    painter.setBrush(colour if belongs else DARK)
    painter.drawEllipse(place, RADIUS, RADIUS)
    painter.setPen(QPen(colour, LINE_PX))
    painter.drawEllipse(place, RADIUS, RADIUS)
    painter.setPen(QPen(DARK if belongs else colour, LINE_PX))
    painter.drawLine(place - QPointF(SIGN, 0), place + QPointF(SIGN, 0))
    if belongs:
        painter.drawLine(place - QPointF(0, SIGN), place + QPointF(0, SIGN))
