"""Vessels: branching trees inside organs, and the great vessels in front of the spine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medseg_app.phantom.canvas import Canvas
from medseg_app.phantom.patient import Patient
from medseg_app.phantom.shapes import Point, capsule, curve

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Piece:
    """A stretch of vessel between two points (LPS mm) with its radius at either end."""

    start: Vector
    stop: Vector
    radius: float
    end_radius: float


def grow_tree(start: Point, heading: Point, radius: float, rng: np.random.Generator) -> list[Piece]:
    """Branch from a root in about the given direction until the vessels are thinner than 0.7 mm."""
    pieces: list[Piece] = []
    direction = np.asarray(heading, float) / max(float(np.linalg.norm(heading)), 1e-6)
    open_ends = [(np.asarray(start, float), direction, radius)]
    while open_ends:
        root, towards, width = open_ends.pop()
        if width < 0.7:
            continue
        stop = root + towards * rng.uniform(5.5, 9) * width**0.5 * 1.6
        pieces.append(Piece(root, stop, width, width * 0.86))
        for _ in range(2):
            turn = towards + rng.normal(0, 0.42, 3)
            open_ends.append((stop, turn / np.linalg.norm(turn), width * float(rng.uniform(0.62, 0.86))))
    return pieces


def paint_tree(canvas: Canvas, pieces: Sequence[Piece], hu: float, inside: int | None = None) -> None:
    """Draw pieces of vessel; with `inside`, only where that organ is (labels never change)."""
    for piece in pieces:
        middle = (piece.start + piece.stop) / 2
        reach = np.abs(piece.stop - piece.start) / 2 + piece.radius
        region = canvas.around(middle, reach)
        if region is None:
            continue
        distance = capsule(region.points, piece.start, piece.stop, piece.radius, piece.end_radius)
        if inside is not None:
            distance = np.where(region.organs == inside, distance, np.float32(99))
        region.paint(distance, hu)


def tube(points: Sequence[Point], radius: float, end_radius: float | None = None) -> list[Piece]:
    """A smooth vessel through some points, as short pieces."""
    line = curve(points, 4 * (len(points) - 1) + 1)
    radii = np.linspace(radius, radius if end_radius is None else end_radius, len(line))
    return [Piece(line[n], line[n + 1], float(radii[n]), float(radii[n + 1])) for n in range(len(line) - 1)]


def paint_great_vessels(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> None:
    """Draw aorta, caval vein, portal vein, mesenteric and renal vessels, and chalk in the aortic wall."""
    front = patient.spine_y - 17 * patient.build
    c = patient.contrast
    aorta_x = float(rng.uniform(7, 13))
    aorta = [(aorta_x - 2, front - 11, -120), (aorta_x, front - 11, 0), (aorta_x, front - 7, 130)]
    cava = [(-19, front - 9, -120), (-23, front - 10, 0), (-30, front - 22, 60), (-22, front - 32, 95)]
    paint_tree(canvas, tube(cava, 9.5, 11.5), c.vein)
    paint_tree(
        canvas, tube([(-68, front + 12, -8), (-40, front - 2, -6), (-23, front - 10, -4)], 4.4), c.vein
    )
    left_renal = [(66, front + 8, 2), (34, front - 14, 4), (8, front - 24, 5), (-22, front - 10, 4)]
    paint_tree(canvas, tube(left_renal, 4.4), c.vein)
    paint_tree(canvas, tube(aorta, 9.0, 10.5), c.artery)
    mesenteric = [(aorta_x, front - 18, 22), (aorta_x - 2, front - 32, 4), (aorta_x - 8, front - 40, -60)]
    paint_tree(canvas, tube(mesenteric, 3.4, 2.6), c.artery)
    paint_tree(canvas, tube([(-14, front - 36, -70), (-10, front - 33, 8)], 4.6, 5.2), c.portal)
    paint_tree(
        canvas, tube([(-10, front - 33, 8), (-34, front - 38, 20), (-58, front - 30, 30)], 6.2), c.portal
    )
    splenic = [(-10, front - 33, 10), (30, front - 30, 22), (62, front - 4, 34), (88, front + 6, 38)]
    paint_tree(canvas, tube(splenic, 4.6, 3.4), c.portal)
    for _ in range(int(rng.integers(2, 6))):
        turn, z = rng.uniform(0, 2 * np.pi), rng.uniform(-55, 60)
        spot = np.array([aorta_x + 9.5 * np.cos(turn), front - 11 + 9.5 * np.sin(turn), z])
        paint_tree(canvas, [Piece(spot, np.add(spot, (0, 0, rng.uniform(2, 6))), 1.3, 1.0)], 700.0)
