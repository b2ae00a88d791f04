"""The couch: a curved shell of carbon fibre with a foam core, and the mattress between it and the patient."""

from __future__ import annotations

import numpy as np

from medseg_app.phantom.canvas import Canvas
from medseg_app.phantom.patient import Patient


def paint_couch(canvas: Canvas, patient: Patient) -> None:
    """Draw couch and mattress under the back; the couch does not bend with the anatomy's warp."""
    region = canvas.whole()
    x, y, _ = canvas.straight_points()
    top = patient.half_depth + 4 - 26 * (x / 200) ** 2
    under = y - top
    beyond = np.abs(x) - 195
    mattress = np.maximum(np.maximum(-under, under - 9), beyond)
    region.paint(mattress, -880)
    shell = np.maximum(np.abs(under - 20) - 10, beyond)
    region.paint(shell, 190)
    region.paint(shell + 3.2, -930)
