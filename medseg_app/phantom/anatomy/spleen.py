"""The spleen, moulded by the chest wall outside and the stomach and kidney inside."""

from __future__ import annotations

import numpy as np

from medseg_app.phantom.canvas import Canvas
from medseg_app.phantom.patient import SPLEEN, Patient
from medseg_app.phantom.shapes import ellipsoid

from .lungs import Diaphragm


def paint_spleen(canvas: Canvas, patient: Patient, dome: Diaphragm, rng: np.random.Generator) -> None:
    """Draw and label the spleen under the left dome."""
    region = canvas.around((105, 35, 35), (60, 75, 80))
    if region is None:
        return
    size = float(rng.uniform(0.9, 1.12))
    centre = np.array([100, 40, 26]) + rng.normal(0, 4, 3)
    body = ellipsoid(region.points, centre, (38 * size, 50 * size, 48 * size), (0.15, 0.0))
    hilum = ellipsoid(region.points, np.add(centre, (-34, -16, 4)), (27, 44, 60))
    solid = np.maximum(np.maximum(body, -hilum), 2.0 - dome.below(region))
    solid = np.maximum(solid, patient.cavity(region.points) + 2.5)
    patchy = 16 * np.clip(region.bumps, -1, 1) * (patient.contrast.artery > 250)
    region.paint(solid, patient.contrast.spleen + 4 * region.grain + patchy)
    region.label(solid, SPLEEN)
