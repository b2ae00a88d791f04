"""The colours that segments have unless something else is said."""

from __future__ import annotations

from collections.abc import Collection
from math import dist

from .segment import Colour

COLOURS: tuple[Colour, ...] = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (213, 94, 0), (204, 121, 167),
    (0, 114, 178), (152, 202, 108), (233, 134, 121), (146, 141, 224), (80, 190, 174), (205, 170, 89),
    (237, 189, 252), (152, 134, 56), (239, 200, 170), (253, 134, 227), (46, 244, 172), (95, 142, 163),
    (178, 92, 203), (220, 75, 105), (40, 188, 94), (213, 168, 190), (168, 120, 117), (46, 235, 251),
)  # fmt: skip
"""Okabe and Ito's colours for colour-blind readers, then others that are far from all before them."""


def free_colour(wanted: Colour, taken: Collection[Colour]) -> Colour:
    """A wanted colour; where it is taken, that of COLOURS which is least like all that are."""
    if wanted not in taken:
        return wanted
    return max(COLOURS, key=lambda colour: min(dist(colour, other) for other in taken))
