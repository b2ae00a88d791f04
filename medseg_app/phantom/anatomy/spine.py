"""The spine: vertebral bodies with cortex and spongy bone, discs, arches, processes and the cord."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medseg_app.phantom.canvas import Canvas, Region
from medseg_app.phantom.fields import Field
from medseg_app.phantom.patient import SPINE, Patient
from medseg_app.phantom.shapes import Distance, elliptic_rod, smooth_union

CORTEX_HU, SPONGY_HU, DISC_HU, THECA_HU, CORD_HU = 560.0, 175.0, 82.0, 18.0, 42.0


@dataclass(frozen=True, eq=False)
class _Level:
    """Position along the spine: mm from the middle of the nearest vertebra, and half its height."""

    along: Field
    half_height: float


def paint_spine(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> None:
    """Draw and label vertebrae (bodies, arches and discs); the canal is not part of the label."""
    region = canvas.around((0, patient.spine_y + 22, 0), (62, 62, 150))
    if region is None:
        return
    pitch = patient.build * float(rng.uniform(33, 37))
    z = region.points[2] - np.float32(rng.uniform(0, pitch))
    level = _Level(z - pitch * np.round(z / pitch), 0.5 * pitch - 4.2)
    column = _column(region, patient, level)
    arch = _arch(region, patient, level)
    canal = elliptic_rod(region.points[0], region.points[1] - (patient.spine_y + 25), (11, 9.5))
    solid = np.maximum(smooth_union(column, arch, 3.0), -canal)
    vertebra = np.maximum(solid, np.abs(level.along) - level.half_height)
    bone = np.maximum(smooth_union(vertebra, np.maximum(arch, -canal), 2.0), -canal)
    region.paint(column - 0.5, DISC_HU + 8 * region.grain)
    region.paint(bone, CORTEX_HU)
    region.paint(bone + 2.0, SPONGY_HU + 38 * region.grain + 25 * region.bumps)
    region.paint(canal, THECA_HU)
    region.paint(canal + 1.5, THECA_HU + 3 * region.grain)
    region.paint(
        elliptic_rod(region.points[0], region.points[1] - (patient.spine_y + 25), (5.5, 4.5)), CORD_HU
    )
    region.label(np.minimum(column - 0.5, bone), SPINE)
    region.label(canal, 0)


def _column(region: Region, patient: Patient, level: _Level) -> Distance:
    """Bodies and discs: a rod with a flat back whose waist is narrower than its end plates."""
    x, y, _ = region.points
    waist = 1 + 0.10 * (level.along / level.half_height) ** 2
    size = patient.build
    rod = elliptic_rod(x / waist, (y - patient.spine_y) / waist, (21.5 * size, 17.0 * size))
    return np.asarray(np.maximum(rod, y - (patient.spine_y + 15.5 * size)), dtype=np.float32)


def _arch(region: Region, patient: Patient, level: _Level) -> Distance:
    """Pedicles, laminae, transverse and spinous processes around the canal."""
    x, y, _ = region.points
    back = y - np.float32(patient.spine_y)
    side, along = np.abs(x), level.along
    pedicle = _block(side - 13.5, back - 20, along - 4, (4.0, 9, 7.5))
    lamina = np.maximum(np.abs(back - 36 + 0.55 * side) - 4.0, np.maximum(side - 15, np.abs(along + 4) - 11))
    transverse = _block(side - 27, back - 27 - 0.12 * side, along - 4, (14, 3.8, 5.0))
    spinous = _block(x, back - 48, along + 7, (2.8, 13, 9.5))
    facet = _block(side - 15.5, back - 31, along + 14, (5.5, 6.0, 9.0))
    parts = [pedicle, lamina, transverse, spinous, facet]
    solid = parts[0]
    for part in parts[1:]:
        solid = smooth_union(solid, part, 2.5)
    return solid


def _block(x: Field, y: Field, z: Field, half: tuple[float, float, float]) -> Distance:
    """A rounded block: the Euclidean norm outside, the nearest face inside."""
    q = [np.abs(v) - np.float32(h - 1.5) for v, h in zip((x, y, z), half, strict=True)]
    outside = np.sqrt(sum(np.maximum(v, 0) ** 2 for v in q))
    inside = np.minimum(np.maximum(np.maximum(q[0], q[1]), q[2]), 0)
    return np.asarray(outside + inside - 1.5, dtype=np.float32)
