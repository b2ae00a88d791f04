"""The trunk: skin, subcutaneous fat, abdominal muscles, back muscles and the fat of the cavity."""

from __future__ import annotations

import numpy as np

from medseg_app.phantom.canvas import Canvas, Region
from medseg_app.phantom.patient import Patient
from medseg_app.phantom.shapes import Distance, ellipsoid, elliptic_rod

SKIN_HU, FAT_HU, MUSCLE_HU, INNER_FAT_HU = 25.0, -106.0, 58.0, -98.0


def paint_trunk(canvas: Canvas, patient: Patient) -> None:
    """Fill the body from the skin inwards."""
    region = canvas.whole()
    depth = patient.depth(region.points)
    region.paint(-depth, SKIN_HU)
    region.paint(2.0 - depth, FAT_HU + 7 * region.grain)
    septa = np.clip(region.grain - 1.7, 0, 1)
    region.paint(2.0 - depth, FAT_HU + 7 * region.grain + 55 * septa)
    outer = patient.fat_depth(region.points) - depth
    region.paint(outer, _muscle(region))
    inner = patient.cavity(region.points)
    _paint_wall_layers(region, patient, inner)
    region.paint(inner, INNER_FAT_HU + 8 * region.grain)
    _paint_back_muscles(region, patient)


def _muscle(region: Region) -> Distance:
    return np.asarray(MUSCLE_HU + 9 * region.grain - 28 * np.clip(region.bumps - 1.1, 0, 1), dtype=np.float32)


def _paint_wall_layers(region: Region, patient: Patient, inner: Distance) -> None:
    """Thin fat between the three flat muscles at the flanks, and the linea alba in front."""
    x, y, _ = region.points
    flank = np.clip((np.abs(x) - 62) / 15, 0, 1) * np.clip((70 - y) / 20, 0, 1)
    for share in (0.36, 0.68):
        sheet = np.abs(inner - share * patient.wall) - 0.55
        region.hu[...] += flank * np.clip(0.5 - sheet / 1.2, 0, 1) * (-60 - region.hu)
    front = np.maximum(np.abs(inner - 0.5 * patient.wall) - 0.5 * patient.wall, y + 40)
    region.paint(np.maximum(front, np.abs(x) - 3.5), -75)
    for edge in (-58.0, 58.0):
        region.paint(np.maximum(front, np.abs(x - edge) - 2.0), -85)


def _paint_back_muscles(region: Region, patient: Patient) -> None:
    x, y, z = region.points
    muscle = _muscle(region)
    streaks = muscle - 90 * np.clip(region.grain - 1.2, 0, 1)
    for side in (-1.0, 1.0):
        erector = elliptic_rod(x - side * 36, y - (patient.spine_y + 34), (31, 18))
        region.paint(erector - 2.5, FAT_HU)
        region.paint(erector, streaks)
        region.paint(elliptic_rod(x - side * 66, y - (patient.spine_y + 19), (17, 7.5)), muscle)
        thick = np.clip((55 - z) / 90, 0.25, 1)
        psoas = elliptic_rod((x - side * (29 + 7 * thick)) / thick, (y - patient.spine_y) / thick, (12, 18))
        region.paint(psoas * thick, muscle)
    crura = ellipsoid(region.points, (0, patient.spine_y - 18, 40), (19, 7, 55))
    region.paint(crura, muscle)
