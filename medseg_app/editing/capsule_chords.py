"""Where straight rows run through a capsule: all points within a radius of a straight line.

A capsule is convex, so a row meets it in one chord or not at all. It is made of the balls around all points
of the line. The plane through a row that is parallel to the line cuts them in circles of one size, and a
chord ends on the circle that reaches farthest. Where a row crosses the straight side of the capsule, this
circle touches the side there, which tells its middle; else it is the one around an end of the line.
"""

from __future__ import annotations

from math import atan2, copysign, cos, hypot, sin

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

ENDS = np.array([-1.0, 1.0])[:, None, None]
SHORTEST = 1e-30
"""In place of 0, to divide by: a line that runs along the rows leads across them by this much."""
ROUNDING = 1e-14
"""Share of the squared radius that is added, lest rounding should leave one end of a chord without a root."""


@np.errstate(invalid="ignore")  # the root of a row that passes by is no number
def capsule_chords(rows: Vector, line: Vector, radius: float) -> Vector:
    """First and last point of rows (k, j) in the capsule around the line from 0, shape (2, k, j).

    rows: beginnings (x, y, z) of rows along x, shape (3, k, j). line: its end (x, y, z); may be 0. All in one
    unit, as are the distances from the beginnings that are given; both are NaN where a row passes by.
    """
    x, y, z = rows
    along, rise, climb = line.tolist()
    turn, across = atan2(climb, rise), max(hypot(rise, climb), SHORTEST)
    y, z = cos(turn) * y + sin(turn) * z, cos(turn) * z - sin(turn) * y  # the line lies in z = 0
    length, square = hypot(along, across), radius * radius
    room = square - z * z
    side = np.sqrt(room) * (ENDS * copysign(1.0, along))
    # The middle lies aside by |along| / length of the circle's radius, written as 1 - less: the little that a
    # row leads away from a line beside it would be lost to rounding.
    less = across / length * across / (length + abs(along))
    middle = np.minimum(np.maximum(y + side - less * side, 0.0), across)
    reach = np.sqrt(room + ROUNDING * square - (y - middle) ** 2)
    return np.asarray(middle * (along / across) + ENDS * reach - x)
