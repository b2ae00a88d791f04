"""Frame: what every painter of the overlay needs to know about its view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPolygonF

from medseg_app.app.view_state import ViewState
from medseg_app.core.case import Case
from medseg_app.ui.viewer.camera import PlaneCamera
from medseg_app.ui.viewer.plane import ViewPlane


@dataclass(frozen=True, eq=False)
class Frame:
    """A view at the moment of painting; sizes in logical pixels."""

    case: Case
    state: ViewState
    plane: ViewPlane
    camera: PlaneCamera
    slice_index: int
    is_active: bool = False

    @property
    def width(self) -> int:
        """Width of the view."""
        return self.camera.size[0]

    @property
    def height(self) -> int:
        """Height of the view."""
        return self.camera.size[1]

    def pixels_of(self, positions_lps: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Logical pixels (n, 2) of patient positions (n, 3), and how many slices each lies off this one."""
        view, number = self.plane.from_patient(positions_lps)
        return self.camera.to_screen(view), number - self.slice_index


def polygon(pixels: NDArray[np.float64]) -> QPolygonF:
    """Points (n, 2) as Qt draws them."""
    return QPolygonF([QPointF(x, y) for x, y in pixels.tolist()])
