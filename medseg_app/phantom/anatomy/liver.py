"""The liver with its vessels, and the gallbladder."""

from __future__ import annotations

import numpy as np

from medseg_app.phantom.canvas import Canvas, Region
from medseg_app.phantom.patient import LIVER, Patient
from medseg_app.phantom.shapes import Distance, ellipsoid, smooth_union

from .lungs import Diaphragm
from .vessels import grow_tree, paint_tree

BILE_HU = 8.0


def paint_liver(canvas: Canvas, patient: Patient, dome: Diaphragm, rng: np.random.Generator) -> None:
    """Draw and label the liver under the right dome; its vessels belong to it."""
    region = canvas.whole()
    size = patient.build * float(rng.uniform(0.93, 1.05))
    distance = _shape(region, patient, dome, size, rng)
    tissue = patient.contrast.liver + 5 * region.grain + 3 * region.bumps
    region.paint(distance, tissue)
    region.label(distance, LIVER)
    _paint_vessels(canvas, patient, rng)
    _paint_gallbladder(canvas, rng)


def _shape(
    region: Region, patient: Patient, dome: Diaphragm, size: float, rng: np.random.Generator
) -> Distance:
    shift = rng.normal(0, 4, 3)
    right = ellipsoid(
        region.points, np.array([-80, -8, 22]) + shift, (70 * size, 84 * size, 84 * size), (-0.18, 0.0)
    )
    left_centre = np.array([-2, -60, 34]) + rng.normal(0, 5, 3)
    left = ellipsoid(region.points, left_centre, (76 * size, 36 * size, 40 * size), (0.2, 0.1))
    both = smooth_union(right, left, 18)
    x, y, z = region.points
    # The lower face slopes upwards to the left, over the right kidney and the head of the pancreas.
    slope = 0.62 * (x + 75) - 0.0016 * np.clip(x + 75, 0, None) ** 2 + 0.22 * (y + 20)
    under = (-18 + slope - z) / 1.25 + 3 * region.bumps
    cleft = ellipsoid(region.points, (-18, -8, 22), (17, 24, 60))
    solid = np.maximum(np.maximum(both, under), -cleft)
    solid = np.maximum(solid, 2.0 - dome.below(region))
    return np.asarray(np.maximum(solid, patient.cavity(region.points) + 2.5), dtype=np.float32)


def _paint_vessels(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> None:
    c = patient.contrast
    front = patient.spine_y - 17
    for heading in ((-1.0, -0.2, 0.2), (-0.8, 0.4, -0.5), (-0.7, -0.6, -0.3), (0.3, -1.0, 0.4)):
        paint_tree(canvas, grow_tree((-58, front - 30, 28), heading, 4.3, rng), c.portal, inside=LIVER)
    for heading in ((-1.0, 0.3, -0.55), (-0.7, -0.7, -0.6), (0.1, -1.0, -0.5)):
        tree = grow_tree((-28, front - 26, 74), heading, 4.2, rng)
        paint_tree(canvas, tree, 0.5 * (c.vein + c.portal), inside=LIVER)


def _paint_gallbladder(canvas: Canvas, rng: np.random.Generator) -> None:
    centre = np.array([-52, -52, -14]) + rng.normal(0, 4, 3)
    region = canvas.around(centre, 40)
    if region is None:
        return
    distance = ellipsoid(region.points, centre, rng.uniform((13, 17, 17), (17, 24, 23)), (0.3, -0.4))
    region.paint(distance - 1.8, 70)
    region.paint(distance, BILE_HU + 2 * region.grain)
    region.label(distance - 1.8, 0)
