"""Where the images of a stack lie along its normal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.geometry import STEP_TOLERANCE_MM, STEP_TOLERANCE_RATIO

from . import tags
from .heads import Head

SAME_PLACE_MM = 0.01
"""Images whose positions along the normal agree to a hundredth of a millimetre lie at one place."""
SAME_PLACE_PIXELS = 0.2
"""The same as a share of a pixel's side, for pixels that are finer than that (micro-CT)."""


def unit_normal(cosines: Sequence[float]) -> NDArray[np.float64]:
    """Unit vector row x column (LPS) of six direction cosines."""
    cross = np.cross(cosines[:3], cosines[3:])
    return np.asarray(cross / max(float(np.linalg.norm(cross)), 1e-12))


def is_placed(head: Head) -> bool:
    """Whether the image says where it lies in the patient."""
    return len(head.numbers(tags.POSITION)) == 3 and len(head.numbers(tags.ORIENTATION)) == 6


def pixel_spacing(head: Head) -> tuple[float, float] | None:
    """Distance between rows and between columns that an image states, mm; None where it is none to go by."""
    spacing = head.numbers(tags.PIXEL_SPACING) or head.numbers(tags.IMAGER_PIXEL_SPACING)
    if len(spacing) != 2 or min(spacing) <= 0:
        return None
    return spacing[0], spacing[1]


def heights_of(images: Sequence[Head]) -> list[float]:
    """Position along the normal of the first image, mm; the order itself where positions are missing."""
    cosines = images[0].numbers(tags.ORIENTATION)
    positions = [head.numbers(tags.POSITION) for head in images]
    if len(cosines) != 6 or any(len(position) != 3 for position in positions):
        return [float(n) for n in range(len(images))]
    x, y, z = (float(part) for part in unit_normal(cosines))
    return [a * x + b * y + c * z for a, b, c in positions]


def places_of(images: Sequence[Head]) -> list[int]:
    """A number for each image that is the same for images at one place along the normal."""
    fineness = min(SAME_PLACE_MM, SAME_PLACE_PIXELS * min(pixel_spacing(images[0]) or (1.0,)))
    return [round(height / fineness) for height in heights_of(images)]


def repeats(images: Sequence[Head]) -> int:
    """The largest number of images at one place."""
    return max(Counter(places_of(images)).values())


def is_even(images: Sequence[Head]) -> bool:
    """Whether the images follow each other at one distance."""
    gaps = np.diff(np.sort(heights_of(images)))
    if len(gaps) < 2:
        return True
    median = float(np.median(gaps))
    return bool(np.abs(gaps - median).max() <= max(STEP_TOLERANCE_MM, STEP_TOLERANCE_RATIO * median))


def image_order(head: Head) -> tuple[int, int, str, int]:
    """The order in which a scanner numbers its images."""
    return head.integer(tags.ACQUISITION_NUMBER), head.integer(tags.INSTANCE_NUMBER), head.path, head.frame
