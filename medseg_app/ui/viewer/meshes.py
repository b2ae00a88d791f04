"""Meshes of labels and bones for the 3D view, made from small copies in a thread; numpy and scikit-image."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.segment import Colour

LONGEST = 112
"""A mesh is made from at most this many samples along its longest side."""
SLAB = 20
"""Slices per piece: scikit-image keeps the interpreter to itself for as long as a piece takes."""
BONE_HU = 220.0
BONE_COLOUR: Colour = (206, 199, 186)
MARGIN = (2, 2, 2)
SMOOTHING = 0.8


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh in patient mm: vertices (n, 3) LPS, faces (m, 3), colours (n, 4) from 0 to 1."""

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    colours: NDArray[np.float32]


def mesh_of_case(case: Case, hidden: frozenset[int]) -> Mesh | None:
    """All visible segments, and the bones of a CT; None where there is nothing to show."""
    parts = [part for part in _parts(case, hidden) if len(part.faces)]
    if not parts:
        return None
    starts = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    return Mesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]).astype(
            np.int32
        ),
        np.concatenate([part.colours for part in parts]),
    )


def _parts(case: Case, hidden: frozenset[int]) -> Iterator[Mesh]:
    volume, segmentation = case.volume, case.segmentation
    if volume.modality == "CT":
        yield _mesh(case, Box.whole(volume.voxels.shape), BONE_COLOUR, volume.voxels, BONE_HU)
    for segment in segmentation.segments:
        box = segmentation.box(segment.id)
        if segment.id not in hidden and box is not None:
            around = box.grown(MARGIN).clipped(segmentation.shape)
            inside = segmentation.labels(segment.group)[around.slices] == segment.value
            yield _mesh(case, around, segment.colour, inside, 0.5)


def _mesh(case: Case, box: Box, colour: Colour, values: NDArray[Any], level: float) -> Mesh:
    strides = [-(-extent // LONGEST) for extent in box.shape]
    small = values[:: strides[0], :: strides[1], :: strides[2]].astype(np.float32)
    vertices, faces = _surface(small, level)
    index = vertices * strides + box.start
    place = case.volume.geometry.to_patient(index).astype(np.float32)
    shade = np.array([*colour, 255]) / 255
    return Mesh(place, faces, np.tile(shade, (len(place), 1)).astype(np.float32))


def _surface(values: NDArray[np.float32], level: float) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Where a block of values crosses a level: vertices in index units, faces."""
    from scipy.ndimage import gaussian_filter
    from skimage.measure import marching_cubes

    smooth = np.pad(gaussian_filter(values, SMOOTHING), 1, constant_values=float(values.min()))
    vertices, faces, count = [], [], 0
    for start in range(0, len(smooth) - 1, SLAB):
        slab = smooth[start : start + SLAB + 1]
        if not slab.min() < level < slab.max():
            continue
        corners, triangles, _, _ = marching_cubes(slab, level, allow_degenerate=False)
        vertices.append(corners + np.array((start - 1, -1, -1)))
        faces.append(triangles + count)
        count += len(corners)
        time.sleep(0)  # lets the window's thread have the interpreter between two pieces
    if not vertices:
        return np.zeros((0, 3)), np.zeros((0, 3), np.int32)
    return _welded(np.concatenate(vertices), np.concatenate(faces))


def _welded(vertices: NDArray[Any], faces: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """One vertex where two pieces meet, so that shading shows no seam."""
    keys = np.round(vertices * 64).astype(np.int64) + 64
    packed = (keys[:, 0] << 42) | (keys[:, 1] << 21) | keys[:, 2]
    _, first, number = np.unique(packed, return_index=True, return_inverse=True)
    return np.asarray(vertices[first], np.float64), number[faces].astype(np.int32)
