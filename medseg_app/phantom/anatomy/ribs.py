"""The ribs: bright oval sections in the wall, running down from the spine to the front."""

from __future__ import annotations

import numpy as np

from medseg_app.phantom.canvas import Canvas
from medseg_app.phantom.patient import Patient

PITCH_MM = 30.0
CORTEX_HU, MARROW_HU = 620.0, 190.0


def paint_ribs(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> None:
    """Draw every rib that crosses the slices, with cortex and marrow; the lowest ones end early."""
    region = canvas.whole()
    x, y, z = region.points
    angle = np.arctan2(np.abs(x), y * patient.half_width / patient.half_depth)
    fall = 62 * np.clip(angle - 0.35, 0, None) - 9 * np.clip(angle - 1.9, 0, None) ** 2 * 12
    level = z + fall + np.float32(rng.uniform(0, PITCH_MM))
    number = np.floor(level / PITCH_MM)
    across = (level - (number + 0.5) * PITCH_MM) * np.float32(0.8)
    through = patient.cavity(region.points) - 0.55 * patient.wall
    section = np.sqrt((across / 6.2) ** 2 + (through / 4.0) ** 2)
    length = 0.75 + 0.42 * (number - np.floor(20 / PITCH_MM))
    distance = np.maximum((section - 1) * 4.0, (angle - np.clip(length, 0, 2.35)) * 90)
    distance = np.maximum(distance, (0.30 - angle) * 90)
    distance = np.where(number >= 0, distance, np.float32(50))
    region.paint(distance, CORTEX_HU)
    region.paint(distance + 1.5, MARROW_HU + 25 * region.grain)
