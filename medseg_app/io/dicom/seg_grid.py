"""Where the frames of a DICOM SEG lie, and which slice of a grid each one is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import InputError
from medseg_app.core.geometry import VolumeGeometry

SAME_PLACE_MM = 0.05
"""Two frames within this distance lie on the same slice."""
SAME_PLACE_VOXELS = 0.2
"""The same as a share of the smallest voxel side, where voxels are very fine."""
MOST_SLICES = 4096
"""More slices than this are not put back: a tiny stated spacing would ask for endless memory."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FramePlaces:
    """Position of every frame.

    origins: centre of the first voxel, LPS mm, shape (frames, 3).
    i_step, j_step: mm (LPS) from one column, one row to the next. shape: (rows, columns).
    segment_numbers: ReferencedSegmentNumber of every frame; zeros for LABELMAP.
    """

    origins: Vector
    i_step: Vector
    j_step: Vector
    shape: tuple[int, int]
    segment_numbers: tuple[int, ...]


def frame_places(dataset: Any, path: Path) -> FramePlaces:
    """Positions from the functional groups. Raises InputError where frames have none or are not parallel."""
    shared = _shared(dataset)
    frames = dataset.get("PerFrameFunctionalGroupsSequence") or []
    if not frames or not _has_positions(frames[0], shared):
        raise InputError(
            f"{path.name} says nothing about where its frames lie in the patient (a slide or a projection).",
            "Only segmentations of CT, MR and PET volumes can be placed.",
        )
    orientations = np.array([_plane(frame, shared) for frame in frames])
    if np.abs(orientations - orientations[0]).max() > 1e-4:
        raise InputError(f"The frames of {path.name} are not parallel.", "Split it by orientation first.")
    between_rows, between_columns = _spacing(frames, shared, path)
    origins = [_group(frame, shared, "PlanePositionSequence").ImagePositionPatient for frame in frames]
    return FramePlaces(
        origins=np.array(origins, dtype=float),
        i_step=orientations[0][:3] * between_columns,
        j_step=orientations[0][3:] * between_rows,
        shape=(int(dataset.Rows), int(dataset.Columns)),
        segment_numbers=tuple(_segment_number(frame, shared) for frame in frames),
    )


def _shared(dataset: Any) -> Any:
    """The functional groups of all frames; an empty data set where each frame has its own alone."""
    return (dataset.get("SharedFunctionalGroupsSequence") or [{}])[0]


def _spacing(frames: Any, shared: Any, path: Path) -> tuple[float, float]:
    """Distance between rows and between columns, mm. Raises InputError where frames differ or it is none."""
    stated = {
        tuple(float(value) for value in _group(frame, shared, "PixelMeasuresSequence").PixelSpacing)
        for frame in frames
    }
    if len(stated) > 1:
        raise InputError(
            f"The frames of {path.name} have pixels of several sizes.", "Split it by pixel spacing first."
        )
    [(between_rows, between_columns)] = stated
    if not min(between_rows, between_columns) > 0:
        raise InputError(
            f"{path.name} states a pixel spacing of {between_rows:g} x {between_columns:g} mm.",
            "Get it again from its maker.",
        )
    return between_rows, between_columns


def _group(frame: Any, shared: Any, keyword: str) -> Any:
    return (frame if keyword in frame else shared)[keyword][0]


def _has_positions(frame: Any, shared: Any) -> bool:
    needed = ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")
    return all(keyword in frame or keyword in shared for keyword in needed)


def _plane(frame: Any, shared: Any) -> list[float]:
    plane = _group(frame, shared, "PlaneOrientationSequence")
    return [float(value) for value in plane.ImageOrientationPatient]


def _segment_number(frame: Any, shared: Any) -> int:
    if "SegmentIdentificationSequence" not in frame and "SegmentIdentificationSequence" not in shared:
        return 0
    return int(_group(frame, shared, "SegmentIdentificationSequence").ReferencedSegmentNumber)


def own_geometry(places: FramePlaces, dataset: Any) -> tuple[VolumeGeometry, list[int]]:
    """The grid of the frames themselves, slices ascending along row x column, and the slice of each frame.

    A SEG leaves out slices without voxels; where the rest fit an even grid, the missing ones are put back.
    """
    normal = np.cross(places.i_step, places.j_step)
    normal /= np.linalg.norm(normal)
    heights = places.origins @ normal
    order = np.argsort(heights, kind="stable")
    stated = _stated_spacing(dataset)
    in_plane = min(float(np.linalg.norm(step)) for step in (places.i_step, places.j_step))
    tolerance = _same_place_mm((in_plane, stated or in_plane))
    firsts, slice_of_frame = [order[0]], np.zeros(len(heights), dtype=int)
    for frame in order:
        if heights[frame] - heights[firsts[-1]] > tolerance:
            firsts.append(frame)
        slice_of_frame[frame] = len(firsts) - 1
    origins, numbers = _even(places.origins[firsts], normal, stated, tolerance)
    shape = (len(origins), *places.shape)
    step = normal * (stated or _thickness(dataset)) if len(origins) == 1 else None
    uid = str(dataset.get("FrameOfReferenceUID", ""))
    geometry = VolumeGeometry.from_slices(shape, places.i_step, places.j_step, origins, step, uid)
    return geometry, [int(numbers[k]) for k in slice_of_frame]


def _even(
    origins: Vector, normal: Vector, stated: float | None, tolerance: float
) -> tuple[Vector, NDArray[np.intp]]:
    """Origins with left-out slices put back, and the number of each old slice among them."""
    unchanged = origins, np.arange(len(origins))
    gaps = np.diff(origins @ normal)
    if not gaps.size:
        return unchanged
    for spacing in (stated, float(gaps.min())):
        if not spacing:
            continue
        counts = np.rint(gaps / spacing)
        fits = np.abs(gaps - counts * spacing).max() <= tolerance
        if fits and counts.min() >= 1 and counts.sum() < MOST_SLICES:
            numbers = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
            weights = np.arange(numbers[-1] + 1)
            filled = np.stack([np.interp(weights, numbers, origins[:, axis]) for axis in range(3)], axis=1)
            return filled, numbers
    return unchanged


def _stated_spacing(dataset: Any) -> float | None:
    measures = _measures(dataset)
    spacing = measures[0].get("SpacingBetweenSlices") if measures else None
    return abs(float(spacing)) or None if spacing else None


def _measures(dataset: Any) -> Any:
    frames = dataset.get("PerFrameFunctionalGroupsSequence") or [{}]
    return _shared(dataset).get("PixelMeasuresSequence") or frames[0].get("PixelMeasuresSequence")


def _thickness(dataset: Any) -> float:
    measures = _measures(dataset)
    thickness = measures[0].get("SliceThickness") if measures else None
    return float(thickness) if thickness else 1.0


def slices_on(places: FramePlaces, geometry: VolumeGeometry) -> list[int] | None:
    """The slice of a grid on which each frame lies voxel on voxel; None where one does not."""
    if places.shape != geometry.shape[1:] or not _same_plane(places, geometry):
        return None
    found = []
    tolerance = _same_place_mm(geometry.spacing_kji)
    for origin in places.origins:
        apart = np.linalg.norm(geometry.origins - origin, axis=1)
        nearest = int(np.argmin(apart))
        if apart[nearest] > tolerance:
            return None
        found.append(nearest)
    return found


def _same_plane(places: FramePlaces, geometry: VolumeGeometry) -> bool:
    rows, columns = places.shape
    across = np.linalg.norm((places.i_step - geometry.i_step) * (columns - 1))
    down = np.linalg.norm((places.j_step - geometry.j_step) * (rows - 1))
    return bool(max(across, down) <= _same_place_mm(geometry.spacing_kji))


def _same_place_mm(spacing: Iterable[float]) -> float:
    """How far apart frames on one slice may lie, mm, where the sides of a voxel are such."""
    return min(SAME_PLACE_MM, SAME_PLACE_VOXELS * min(spacing))
