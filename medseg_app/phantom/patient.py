"""Patient: the measures of one made-up body, drawn from the seed, and the contrast phase of the scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .shapes import Distance, Points

Phase = Literal["arterial", "venous"]

LIVER, KIDNEY_LEFT, KIDNEY_RIGHT, SPINE, LUNGS, SPLEEN = 1, 2, 3, 4, 5, 6


@dataclass(frozen=True)
class Contrast:
    """How bright the enhancing tissues are, HU."""

    artery: float
    vein: float
    portal: float
    liver: float
    spleen: float
    cortex: float
    medulla: float
    bowel_wall: float


CONTRAST: dict[Phase, Contrast] = {
    "arterial": Contrast(320, 120, 110, 72, 130, 190, 75, 85),
    "venous": Contrast(165, 150, 175, 112, 122, 185, 165, 95),
}


@dataclass(frozen=True)
class Patient:
    """Half width, half depth and layers of the trunk in mm; spine_y is the middle of the vertebrae."""

    half_width: float
    half_depth: float
    fat: float
    wall: float
    spine_y: float
    build: float
    contrast: Contrast

    @classmethod
    def drawn(cls, rng: np.random.Generator, phase: Phase) -> Patient:
        """A patient of random build."""
        build = float(rng.uniform(0.94, 1.06))
        return cls(
            half_width=build * float(rng.uniform(150, 163)),
            half_depth=build * float(rng.uniform(103, 112)),
            fat=float(rng.uniform(9, 20)),
            wall=float(rng.uniform(10, 13)),
            spine_y=float(rng.uniform(42, 48)),
            build=build,
            contrast=CONTRAST[phase],
        )

    def depth(self, points: Points) -> Distance:
        """Depth under the skin in mm, negative outside the body."""
        x, y, _ = points
        a, b, power = np.float32(self.half_width), np.float32(self.half_depth), np.float32(2.35)
        level = (np.abs(x / a) ** power + np.abs(y / b) ** power) ** (1 / power)
        # The back is flatter than the belly and dips over the spinous processes.
        furrow = 7 * np.exp(-((x / 16) ** 2)) * np.clip(y / b, 0, 1) ** 6
        radius = np.sqrt(x * x + y * y)
        return np.asarray(radius * (1 / np.maximum(level, 1e-3) - 1) - furrow, dtype=np.float32)

    def fat_depth(self, points: Points) -> Distance:
        """Thickness of the subcutaneous fat in mm at every angle: thicker at the flanks and the back."""
        x, y, _ = points
        side = np.abs(x) / np.float32(self.half_width)
        back = np.clip(y / np.float32(self.half_depth), 0, 1)
        return np.asarray(self.fat * (0.75 + 0.45 * side**2 + 0.5 * back**2), dtype=np.float32)

    def cavity(self, points: Points) -> Distance:
        """Distance to the abdominal and thoracic cavity inside the muscular wall, negative inside."""
        return np.asarray(self.fat_depth(points) + self.wall - self.depth(points), dtype=np.float32)
