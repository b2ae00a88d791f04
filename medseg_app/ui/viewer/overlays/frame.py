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

HALF_SLICE = 0.501
"""A view shows the slice nearest to the cursor; farther off than this there is none."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A view at the moment of painting; sizes in logical pixels.

    caption, warnings: what to say about the series over the image, besides whose it is.
    """

    case: Case
    state: ViewState
    plane: ViewPlane
    camera: PlaneCamera
    slice_index: int
    is_active: bool = False
    caption: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Width of the view."""
        return self.camera.size[0]

    @property
    def height(self) -> int:
        """Height of the view."""
        return self.camera.size[1]

    @property
    def shows_cursor(self) -> bool:
        """Whether the linked cursor lies on this slice, to half a slice; beyond the last one it does not."""
        _, off = self.pixels_of(self.state.cursor_lps)
        return abs(float(off)) <= HALF_SLICE

    def pixels_of(self, positions_lps: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Logical pixels (n, 2) of patient positions (n, 3), and how many slices each lies off this one."""
        view, number = self.plane.from_patient(positions_lps)
        return self.camera.to_screen(view), number - self.slice_index


def polygon(pixels: NDArray[np.float64]) -> QPolygonF:
    """Points (n, 2) as Qt draws them."""
    return QPolygonF([QPointF(x, y) for x, y in pixels.tolist()])
