"""Lesions: masses in liver, kidneys and lungs with soft borders, their own texture and known extent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medseg_app.phantom.canvas import Canvas, Region
from medseg_app.phantom.patient import KIDNEY_LEFT, KIDNEY_RIGHT, LIVER, LUNGS, Patient
from medseg_app.phantom.shapes import Distance, ellipsoid

Site = Literal["liver", "kidney", "lung"]


@dataclass(frozen=True)
class Lesion:
    """One lesion: value in the lesion layer, organ, centre (LPS mm of the bent anatomy) and diameter."""

    value: int
    site: Site
    centre_lps: tuple[float, float, float]
    diameter_mm: float


ORGANS: dict[Site, tuple[int, ...]] = {
    "liver": (LIVER,),
    "kidney": (KIDNEY_LEFT, KIDNEY_RIGHT),
    "lung": (LUNGS,),
}
DIAMETERS: dict[Site, tuple[float, float]] = {"liver": (10, 30), "kidney": (12, 30), "lung": (9, 22)}


def paint_lesions(
    canvas: Canvas, patient: Patient, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], tuple[Lesion, ...]]:
    """Draw 3 to 6 lesions that do not touch; returns their layer (k, j, i) and what was drawn."""
    layer = np.zeros(canvas.geometry.shape, dtype=np.uint8)
    sites: list[Site] = ["liver", "kidney", "lung"]
    sites += [sites[n] for n in rng.choice(3, int(rng.integers(0, 4)), p=(0.5, 0.2, 0.3))]
    lesions: list[Lesion] = []
    for site in sites:
        low, high = DIAMETERS[site]
        diameter = float(low + (high - low) * rng.beta(1.2, 1.8))
        centre = _place(canvas, site, diameter, lesions, rng)
        if centre is None:
            continue
        lesion = Lesion(len(lesions) + 1, site, centre, diameter)
        _paint(canvas, patient, lesion, layer, rng)
        lesions.append(lesion)
    return layer, tuple(lesions)


def _place(
    canvas: Canvas, site: Site, diameter: float, others: list[Lesion], rng: np.random.Generator
) -> tuple[float, float, float] | None:
    """A random place where most of the lesion lies in its organ and well inside the field of view."""
    points = canvas.whole().points
    inside = np.isin(canvas.organs, ORGANS[site])
    inside[:2] = inside[-2:] = False
    candidates = np.flatnonzero(inside)
    least = 0.72 if site == "kidney" else 0.93
    for spot in rng.choice(candidates, min(200, candidates.size), replace=False) if candidates.size else ():
        centre = tuple(float(p.ravel()[spot]) for p in points)
        apart = [np.subtract(centre, o.centre_lps) for o in others]
        if any(
            np.linalg.norm(a) < (diameter + o.diameter_mm) / 2 + 8 for a, o in zip(apart, others, strict=True)
        ):
            continue
        if _share_in_organ(canvas, site, centre, diameter) >= least:
            return centre[0], centre[1], centre[2]
    return None


def _share_in_organ(canvas: Canvas, site: Site, centre: tuple[float, ...], diameter: float) -> float:
    region = canvas.around(centre, diameter)
    if region is None:
        return 0.0
    ball = ellipsoid(region.points, centre, [diameter / 2 + 1.5] * 3) < 0
    return float(np.isin(region.organs[ball], ORGANS[site]).mean()) if ball.any() else 0.0


def _paint(
    canvas: Canvas, patient: Patient, lesion: Lesion, layer: NDArray[np.uint8], rng: np.random.Generator
) -> None:
    region = canvas.around(lesion.centre_lps, lesion.diameter_mm)
    if region is None:
        return
    radius = lesion.diameter_mm / 2
    radii = radius * rng.uniform(0.85, 1.15, 3)
    distance = ellipsoid(region.points, lesion.centre_lps, radii) + min(0.12 * radius, 1.2) * np.clip(
        region.bumps, -1, 1
    )
    if lesion.site == "lung":
        region.paint(distance, 35 + 8 * region.grain, 2.4)
    else:
        _paint_mass(region, patient, lesion, distance, rng)
    layer[region.box.slices][distance < 0] = lesion.value


def _paint_mass(
    region: Region, patient: Patient, lesion: Lesion, distance: Distance, rng: np.random.Generator
) -> None:
    """A hypodense mass: enhancing rim, duller tissue within, sometimes a necrotic core."""
    host = patient.contrast.liver if lesion.site == "liver" else patient.contrast.cortex
    tissue = float(rng.uniform(32, 52))
    rim = 0.5 * (tissue + host)
    edge = min(3.0, 0.15 * lesion.diameter_mm)
    rim_mm = np.clip(0.2 * lesion.diameter_mm - 2, 0, 2)
    region.paint(distance, rim + 5 * region.grain, edge)
    region.paint(distance + rim_mm, tissue + 7 * region.grain + 5 * region.bumps, edge)
    if lesion.diameter_mm > 16 and rng.random() < 0.6:
        core = distance + 0.5 * lesion.diameter_mm * rng.uniform(0.5, 0.7)
        region.paint(core + 1.2 * region.bumps, 20 + 4 * region.grain, 4.0)
