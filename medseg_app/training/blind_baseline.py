"""Blind baselines: what is reached without looking, by an ellipsoid in the middle of every image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medseg_app.metrics.overlap import dice

Mask = NDArray[np.bool_]
Spacing = tuple[float, float, float]

SHARES = tuple(np.arange(0.1, 1.0, 0.05))
MARGINS_MM = tuple(np.arange(0.0, 62.0, 4.0))
RADII_MM = tuple(np.arange(10.0, 122.0, 4.0))


@dataclass(frozen=True)
class BlindEllipsoid:
    """An ellipsoid in the middle of an image.

    kind: its half axes are a share of the image's half edges, half edges less a margin in mm, or a
    radius in mm (a sphere).
    """

    kind: Literal["share", "margin", "sphere"]
    size: float

    def mask(self, shape: tuple[int, ...], spacing: Spacing) -> Mask:
        """The ellipsoid in an image of this shape (k, j, i); empty where the margin leaves nothing."""
        half = np.array(shape) * spacing / 2
        axes = {"share": half * self.size, "margin": half - self.size, "sphere": np.full(3, self.size)}[
            self.kind
        ]
        if (axes <= 0).any():
            return np.zeros(shape, bool)
        places = [(np.arange(n) - (n - 1) / 2) * step for n, step in zip(shape, spacing, strict=True)]
        k, j, i = (np.square(p / a) for p, a in zip(places, axes, strict=True))
        return np.asarray(k[:, None, None] + j[None, :, None] + i[None, None, :] <= 1.0)

    def __str__(self) -> str:
        words = {"share": f"{self.size:.0%} of the image", "margin": f"{self.size:g} mm inside the image"}
        return words.get(self.kind, f"a sphere of {self.size:g} mm radius")


def fit_blind_baseline(truths: list[tuple[Mask, Spacing]]) -> BlindEllipsoid:
    """The ellipsoid with the best mean Dice on these images."""
    candidates = [
        *(BlindEllipsoid("share", float(size)) for size in SHARES),
        *(BlindEllipsoid("margin", float(size)) for size in MARGINS_MM),
        *(BlindEllipsoid("sphere", float(size)) for size in RADII_MM),
    ]
    return max(candidates, key=lambda blind: float(np.mean([_dice(blind, *truth) for truth in truths])))


def _dice(blind: BlindEllipsoid, truth: Mask, spacing: Spacing) -> float:
    # Every other voxel is enough to choose a size, at an eighth of the time.
    thinned = truth[::2, ::2, ::2]
    k, j, i = spacing
    return dice(blind.mask(thinned.shape, (2 * k, 2 * j, 2 * i)), thinned) or 0.0
