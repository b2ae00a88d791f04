"""Stomach, pancreas, colon and small bowel: hollow organs with fluid, gas and stool."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medseg_app.phantom.canvas import Canvas, Region
from medseg_app.phantom.patient import Patient
from medseg_app.phantom.shapes import Distance, Point, capsule, curve, ellipsoid

from .lungs import Diaphragm

GAS_HU, FLUID_HU, STOOL_HU = -960.0, 18.0, 25.0


def paint_stomach(canvas: Canvas, patient: Patient, dome: Diaphragm, rng: np.random.Generator) -> None:
    """Draw the stomach with fluid below and gas above (the patient lies on the back)."""
    centre = np.array([58, -34, 34]) + rng.normal(0, 5, 3)
    region = canvas.around(centre, (70, 62, 75))
    if region is None:
        return
    radii = rng.uniform((38, 34, 44), (46, 42, 54))
    solid = np.maximum(ellipsoid(region.points, centre, radii, (0.25, 0.2)), 3.5 - dome.below(region))
    solid = np.maximum(solid, patient.cavity(region.points) + 3)
    folds = solid + 1.4 * region.bumps
    region.paint(solid, patient.contrast.bowel_wall - 10)
    region.paint(folds + 4.5, FLUID_HU + 22 * np.clip(region.grain, -0.5, 2))
    level = centre[1] - rng.uniform(6, 16)
    region.paint(np.maximum(folds + 4.5, region.points[1] - level), GAS_HU)
    region.label(solid, 0)


def paint_pancreas(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> None:
    """Draw head, body and tail of the pancreas with lobulated borders."""
    front = patient.spine_y - 52
    points = [
        (-36, front + 8, -14),
        (-24, front + 2, 4),
        (8, front - 8, 16),
        (44, front + 8, 24),
        (78, 28, 34),
    ]
    region = canvas.around((20, front + 8, 8), (75, 45, 50))
    if region is None:
        return
    gland = _tube(region, points, (14, 8)) + 2.2 * region.bumps + 0.9 * region.grain
    region.paint(gland, patient.contrast.liver - 8 + 7 * region.grain)


def paint_colon(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> None:
    """Draw the ascending, transverse and descending colon with stool and gas."""
    lift = float(rng.uniform(-8, 8))
    side = 0.62 * patient.half_width
    courses = (
        [(-side, -14, -40 + lift), (-side - 4, 4, -70), (-side + 2, 8, -110)],
        [(-side + 8, -42, -42 + lift), (-30, -64, -52), (35, -62, -48 + lift), (side - 14, -40, -18 + lift)],
        [(side - 4, -10, -2 + lift), (side, 16, -40), (side - 4, 20, -110)],
    )
    for points in courses:
        _paint_colon_part(canvas, points, float(rng.uniform(15, 20)), rng)


def paint_small_bowel(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> None:
    """Draw loops of small bowel in the lower middle of the cavity, and vessels' fat between them."""
    for _ in range(16):
        start = rng.uniform((-62, -66, -95), (72, -6, -18))
        points = [start]
        for _ in range(3):
            points.append(np.clip(points[-1] + rng.normal(0, 22, 3), (-70, -70, -110), (80, -4, -14)))
        region = _around_course(canvas, points, 14)
        if region is None:
            continue
        loop = np.maximum(_tube(region, points, (rng.uniform(8, 11.5), 9)), patient.cavity(region.points) + 3)
        region.paint(loop, patient.contrast.bowel_wall)
        region.paint(loop + 2.6 + 0.8 * region.grain, FLUID_HU + 12 + 6 * region.grain)
        if rng.random() < 0.35:
            region.paint(np.maximum(loop + 3, region.points[1] - start[1] + 3), GAS_HU)


def _paint_colon_part(
    canvas: Canvas, points: Sequence[Point], radius: float, rng: np.random.Generator
) -> None:
    region = _around_course(canvas, points, radius + 4)
    if region is None:
        return
    haustra = 2.4 * np.cos(region.points[2] / 5.5 + region.points[0] / 9.0) + 1.5 * region.bumps
    colon = _tube(region, points, (radius, radius)) + haustra
    region.paint(colon, 55)
    region.paint(colon + 2.4, STOOL_HU + 40 * region.grain)
    crumbs = 4.0 * (0.9 - region.grain - 0.8 * region.bumps)
    region.paint(np.maximum(colon + 3.2, crumbs), -620)
    level = float(np.mean([p[1] for p in points])) - rng.uniform(4, 14)
    region.paint(np.maximum(colon + 2.8, region.points[1] - level), GAS_HU)
    region.label(colon, 0)


def _around_course(canvas: Canvas, points: Sequence[Point], margin: float) -> Region | None:
    low, high = np.min(np.array(points), axis=0), np.max(np.array(points), axis=0)
    return canvas.around((low + high) / 2, (high - low) / 2 + margin)


def _tube(region: Region, points: Sequence[Point], radii: tuple[float, float]) -> Distance:
    line = curve(points, 3 * (len(points) - 1) + 1)
    widths = np.linspace(radii[0], radii[1], len(line))
    pieces = [
        capsule(region.points, line[n], line[n + 1], float(widths[n]), float(widths[n + 1]))
        for n in range(len(line) - 1)
    ]
    return np.asarray(np.minimum.reduce(pieces), dtype=np.float32)
