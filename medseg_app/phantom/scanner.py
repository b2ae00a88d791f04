"""The scanner: blur of the system, quantum noise that grows in the middle of the body, whole HU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from .canvas import Canvas
from .fields import Field, grain
from .patient import Patient

NOISE_HU = 9.5
LOWEST_HU, HIGHEST_HU = -1024, 3071


def scan(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> NDArray[np.int16]:
    """The HU that a scanner would report, int16, shape (k, j, i)."""
    sharp = [0.0] + [0.9 / s for s in canvas.geometry.spacing_kji[1:]]
    image = gaussian_filter(canvas.hu, sharp, mode="nearest", truncate=3.0)
    image += _noise(canvas, patient, rng)
    return np.clip(np.rint(image), LOWEST_HU, HIGHEST_HU).astype(np.int16)


def _noise(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> Field:
    """Correlated noise, weaker near the skin, in air and lung than in the middle of the trunk."""
    depth = patient.depth(canvas.whole().points)
    strength = NOISE_HU * (0.35 + 0.65 * np.clip(depth / (0.6 * patient.half_depth), 0, 1))
    fine = grain(canvas.geometry.shape, (0, 0.55, 0.6), rng)
    coarse = grain(canvas.geometry.shape, (0.4, 1.2, 1.3), rng)
    return np.asarray(strength * (0.85 * fine + 0.45 * coarse), dtype=np.float32)
