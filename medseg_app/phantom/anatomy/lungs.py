"""The chest above the diaphragm: lung bases with their vessels, the heart and the diaphragm itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medseg_app.phantom.canvas import Canvas, Region
from medseg_app.phantom.patient import LUNGS, Patient
from medseg_app.phantom.shapes import Distance, ellipsoid, smooth_union

from .trunk import MUSCLE_HU
from .vessels import grow_tree, paint_tree

AIR_HU = -865.0


@dataclass(frozen=True)
class Diaphragm:
    """Two domes and the tendon between them; each is (x, y, height) of its summit in mm."""

    right: tuple[float, float, float]
    left: tuple[float, float, float]
    tendon: tuple[float, float, float]

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Diaphragm:
        """Domes of random height; the right one stands higher."""
        right = float(rng.uniform(66, 76))
        left = right - float(rng.uniform(4, 12))
        return cls((-72, -8, right), (76, 2, left), (8, -46, left - float(rng.uniform(2, 8))))

    def below(self, region: Region) -> Distance:
        """Distance in mm under the surface of the diaphragm: negative above it, in the chest."""
        x, y, z = region.points
        heights = [
            top - 46 * ((x - cx) / 68) ** 2 - 42 * ((y - cy) / 84) ** 2
            for cx, cy, top in (self.right, self.left, self.tendon)
        ]
        domes = smooth_union(smooth_union(-heights[0], -heights[2], 10), -heights[1], 10)
        return np.asarray((-domes - z) / 1.45, dtype=np.float32)


def paint_chest(canvas: Canvas, patient: Patient, dome: Diaphragm, rng: np.random.Generator) -> None:
    """Draw and label both lung bases; paint after liver, spleen and stomach, which end at the diaphragm."""
    region = canvas.whole()
    y = region.points[1]
    below, cavity = dome.below(region), patient.cavity(region.points)
    heart = ellipsoid(region.points, (22, -40, 98), (66, 46, 36), (0.3, 0.0))
    middle = np.minimum(heart, _mediastinum(region, patient))
    lung = np.maximum(np.maximum(below, cavity + 1.0), -middle)
    chest = np.maximum(below, cavity)
    region.paint(np.maximum(below - 1.8, cavity), MUSCLE_HU + 6 * region.grain)
    region.label(np.maximum(below - 1.8, cavity), 0)
    region.paint(np.maximum(chest, middle), -88 + 8 * region.grain)
    blood = 0.5 * (patient.contrast.artery + patient.contrast.vein)
    region.paint(np.maximum(chest, heart + 4), MUSCLE_HU + 45 + 6 * region.grain)
    region.paint(np.maximum(chest, heart + 15), blood)
    gravity = 45 * np.clip((y + 20) / 90, 0, 1)
    region.paint(lung, AIR_HU + gravity + 22 * region.grain + 18 * region.bumps)
    region.label(lung, LUNGS)
    _paint_lung_vessels(canvas, rng)


def _mediastinum(region: Region, patient: Patient) -> Distance:
    """The space between the lungs, in front of and beside the spine."""
    x, y, _ = region.points
    half = 17 + 10 * np.clip((patient.spine_y - y) / 60, 0, 1)
    spine = np.sqrt(x**2 + (y - patient.spine_y - 8) ** 2) - 31
    return np.asarray(np.minimum(np.abs(x) - half, spine), dtype=np.float32)


def _paint_lung_vessels(canvas: Canvas, rng: np.random.Generator) -> None:
    for side in (-1.0, 1.0):
        for _ in range(11):
            start = np.array([side * 40, 20.0, 100.0]) + rng.normal(0, 9, 3)
            spread = np.array([side * rng.uniform(-0.1, 1), rng.uniform(-1, 1), rng.uniform(-0.9, 0.1)])
            tree = grow_tree(start, spread, 3.1, rng)
            paint_tree(canvas, tree, 35.0, inside=LUNGS)
