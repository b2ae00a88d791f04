"""The kidneys: cortex, pyramids, fatty sinus with pelvis, in their capsule of fat; and the adrenal glands."""

from __future__ import annotations

import numpy as np

from medseg_app.phantom.canvas import Canvas, Region
from medseg_app.phantom.patient import KIDNEY_LEFT, KIDNEY_RIGHT, Patient
from medseg_app.phantom.shapes import Distance, capsule, ellipsoid

SINUS_HU, URINE_HU = -85.0, 12.0


def paint_kidneys(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> None:
    """Draw and label both kidneys; the sinus fat is not part of the label."""
    for side, value, z in ((1.0, KIDNEY_LEFT, -18.0), (-1.0, KIDNEY_RIGHT, -30.0)):
        centre = np.array([side * 66, patient.spine_y - 5, z]) + rng.normal(0, 3.5, 3)
        region = canvas.around(centre, (50, 55, 80))
        if region is not None:
            _paint_kidney(region, patient, centre, side, value, rng)
        _paint_adrenal(canvas, centre, side)


def _paint_kidney(
    region: Region, patient: Patient, centre: np.ndarray, side: float, value: int, rng: np.random.Generator
) -> None:
    radii = rng.uniform((25, 28, 50), (29, 33, 57)) * patient.build
    lean = (-0.24 * side, -0.12)
    body = ellipsoid(region.points, centre, radii, lean)
    notch = ellipsoid(region.points, np.add(centre, (-side * 22, -11, 0)), (17, 15, 24), lean)
    kidney = np.asarray(np.maximum(body, -notch), dtype=np.float32)
    region.paint(body - 8, -102 + 7 * region.grain)
    region.label(body - 8, 0)
    region.paint(np.abs(body - 8) - 0.5 + 0.6 * region.bumps, -55)
    c = patient.contrast
    region.paint(kidney, c.cortex + 5 * region.grain)
    region.paint(_pyramids(region, kidney, centre), c.medulla + 4 * region.grain)
    region.label(kidney, value)
    sinus = ellipsoid(region.points, np.add(centre, (-side * 9, -5, 0)), (13, 11, 27), lean)
    region.paint(sinus, SINUS_HU + 15 * region.grain)
    region.paint(ellipsoid(region.points, np.add(centre, (-side * 17, -9, -2)), (13, 5.5, 9), lean), URINE_HU)
    region.label(sinus, 0)


def _pyramids(region: Region, kidney: Distance, centre: np.ndarray) -> Distance:
    """Wedges of medulla under the cortex, parted by columns of cortex."""
    x, y, z = (p - np.float32(c) for p, c in zip(region.points, centre, strict=True))
    angle = np.arctan2(y, x)
    column = 3.2 * np.cos(5 * angle + 0.9) * np.clip(np.hypot(x, y) / 10, 0, 1) + 1.8 * np.cos(z / 4.2)
    return np.asarray(np.maximum(kidney + 7.0, column - 1.2), dtype=np.float32)


def _paint_adrenal(canvas: Canvas, centre: np.ndarray, side: float) -> None:
    top = np.add(centre, (-side * 28, -18, 50))
    region = canvas.around(top, 30)
    if region is None:
        return
    for step in ((-5, 13, -4), (6, 12, -4)):
        limb = capsule(region.points, top, top + np.array([step[0] * side, step[1], step[2]]), 2.2, 1.6)
        region.paint(limb, 75)
