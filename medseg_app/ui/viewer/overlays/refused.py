"""Refused: the voxels that a stroke was not allowed to touch, shown for a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRect, QTimer
from PySide6.QtGui import QColor, QPainter, QRegion

from medseg_app.core.box import Box
from medseg_app.ui import theme

if TYPE_CHECKING:
    from medseg_app.ui.viewer.slice_view import SliceView

FLASH_MS = 350
COLOUR = QColor(theme.PROBLEM)
COLOUR.setAlpha(170)


class RefusedFlash(QObject):
    """Grows with the stroke and goes by itself; lies exactly on the refused voxels of the shown slice."""

    def __init__(self, view: SliceView, update: Callable[[QRect], object]) -> None:
        super().__init__(view)
        self._view, self._update = view, update
        self.region = QRegion()
        self._timer = QTimer(self, singleShot=True, interval=FLASH_MS)
        self._timer.timeout.connect(self.clear)

    def show(self, box: Box, mask: NDArray[np.bool_]) -> None:
        """Flash the voxels of a mask (k, j, i) that lies in a box."""
        plane, number = self._view.plane, self._view.slice_index
        part = plane.cut_box(box, number) if plane else None
        if plane is None or part is None:
            return
        found = plane.cut(mask, number - box.start[plane.axis])
        for row in np.flatnonzero(found.any(axis=1)).tolist():
            edges = np.flatnonzero(np.diff(np.concatenate([[0], found[row].astype(np.int8), [0]])))
            down = slice(part[0].start + row, part[0].start + row + 1)
            for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
                across = slice(part[1].start + first, part[1].start + stop)
                self.region |= QRegion(self._view.pixels_of((down, across)))
        self._update(self.region.boundingRect())
        self._timer.start()

    def clear(self) -> None:
        """End the flash."""
        area, self.region = self.region.boundingRect(), QRegion()
        self._update(area)

    def paint(self, painter: QPainter) -> None:
        """Draw the refused voxels."""
        if not self.region.isEmpty():
            painter.save()
            painter.setClipRegion(self.region & painter.clipRegion())
            painter.fillRect(self.region.boundingRect(), COLOUR)
            painter.restore()
