"""Signed distances in mm (negative inside) of simple solids; arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Distance = NDArray[np.floating[Any]]
Points = tuple[Distance, Distance, Distance]
Point = Sequence[float] | NDArray[np.floating[Any]]


def ellipsoid(
    points: Points, centre: Point, radii: Point, lean: tuple[float, float] = (0.0, 0.0)
) -> Distance:
    """Approximate distance to an ellipsoid whose x and y shift by `lean` mm per mm of z."""
    z = points[2] - np.float32(centre[2])
    x = points[0] - np.float32(centre[0]) - np.float32(lean[0]) * z
    y = points[1] - np.float32(centre[1]) - np.float32(lean[1]) * z
    r = np.asarray(radii, dtype=np.float32)
    scaled = np.sqrt((x / r[0]) ** 2 + (y / r[1]) ** 2 + (z / r[2]) ** 2)
    slope = np.sqrt((x / r[0] ** 2) ** 2 + (y / r[1] ** 2) ** 2 + (z / r[2] ** 2) ** 2)
    return np.asarray(scaled * (scaled - 1) / np.maximum(slope, 1e-6), dtype=np.float32)


def elliptic_rod(x: Distance, y: Distance, radii: tuple[float, float]) -> Distance:
    """Approximate distance to an endless rod of elliptic section around x = y = 0."""
    a, b = np.float32(radii[0]), np.float32(radii[1])
    scaled = np.sqrt((x / a) ** 2 + (y / b) ** 2)
    slope = np.sqrt((x / a**2) ** 2 + (y / b**2) ** 2)
    return np.asarray(scaled * (scaled - 1) / np.maximum(slope, 1e-6), dtype=np.float32)


def capsule(points: Points, start: Point, stop: Point, radius: float, end_radius: float) -> Distance:
    """Distance to a round-ended rod from start to stop whose radius changes from one end to the other."""
    axis = np.subtract(stop, start).astype(np.float32)
    offset = [p - np.float32(s) for p, s in zip(points, start, strict=True)]
    along = sum(o * a for o, a in zip(offset, axis, strict=True)) / max(float(axis @ axis), 1e-6)
    along = np.clip(along, 0, 1)
    away = sum((o - along * a) ** 2 for o, a in zip(offset, axis, strict=True))
    return np.asarray(np.sqrt(away) - radius - (end_radius - radius) * along, dtype=np.float32)


def smooth_union(a: Distance, b: Distance, blend_mm: float) -> Distance:
    """The union of two solids whose seam is rounded over `blend_mm`."""
    share = np.clip(0.5 + 0.5 * (b - a) / blend_mm, 0, 1)
    return np.asarray(b + (a - b) * share - blend_mm * share * (1 - share), dtype=np.float32)


def curve(points: Sequence[Point], count: int) -> NDArray[np.float64]:
    """`count` positions along a Catmull-Rom curve through the points, shape (count, 3)."""
    p = np.asarray(points, dtype=float)
    padded = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    position = np.linspace(0, len(p) - 1 - 1e-9, count)
    n = position.astype(int)
    t = (position - n)[:, None]
    a, b, c, d = (padded[n + m] for m in range(4))
    return np.asarray(
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    )
