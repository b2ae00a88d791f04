"""Which axes of a volume point best along the letters of a model's orientation; turns by 90 degrees only."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from medseg_app.core.geometry import VolumeGeometry

LETTERS = {
    "L": (1, 0, 0),
    "R": (-1, 0, 0),
    "P": (0, 1, 0),
    "A": (0, -1, 0),
    "S": (0, 0, 1),
    "I": (0, 0, -1),
}
"""Unit vectors of the patient's axes, LPS."""


def nearest_axes(
    geometry: VolumeGeometry, orientation: str
) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
    """The exchange of axes that points them best along the wanted letters."""
    if not orientation:
        return (0, 1, 2), (False, False, False)
    wanted = np.array([LETTERS[letter] for letter in orientation])
    along = wanted @ geometry.direction_kji
    best = max(permutations(range(3)), key=lambda axes: sum(abs(along[n, a]) for n, a in enumerate(axes)))
    k, j, i = best
    back_k, back_j, back_i = (bool(along[n, a] < 0) for n, a in enumerate(best))
    return (k, j, i), (back_k, back_j, back_i)
