"""Measure the geometry of a stack of slices and say what its user should know about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.geometry import (
    ORTHONORMAL_TOLERANCE,
    SHEAR_TOLERANCE_MM,
    STEP_TOLERANCE_MM,
    STEP_TOLERANCE_RATIO,
    VolumeGeometry,
)

from . import tags
from .heads import Head
from .place import is_placed, pixel_spacing
from .split import Stack
from .volume_info import Finding, Frame, LeftOut, Passport

TURNED_MM = 0.1
"""Slices whose corners are turned away by more than this lie elsewhere than the grid says."""
MOST_PADDING = 1
"""Bytes that may follow the pixels to make their number even."""
FEWEST_SLICES = 3
"""Below this the distance between slices cannot be compared with another one."""


def make_passport(
    stack: Stack, geometry: VolumeGeometry, frames: Sequence[Frame], lost: Sequence[LeftOut]
) -> Passport:
    """The passport of slices that are already in the order of k."""
    head, first = stack.heads[0], frames[0].format
    rescales = {(frame.slope, frame.intercept) for frame in frames}
    rescale = rescales.pop() if len(rescales) == 1 else None
    findings = [
        *_damage(lost),
        *_place(stack, geometry),
        *_plane(stack, geometry),
        *_splitting(stack),
        *_rescaling(stack.heads, rescale),
        *_pixels(head),
    ]
    return Passport(
        gaps_mm=tuple(float(gap) for gap in geometry.gaps_mm),
        tilt_degrees=_tilt(geometry),
        orthonormality=_orthonormality(head),
        bits_stored=first.bits_stored,
        signed=first.signed,
        photometric=first.photometric,
        padding=padding_of(head),
        rescale=rescale,
        transfer_syntax=first.transfer_syntax,
        findings=tuple(findings),
    )


def padding_of(head: Head) -> int | None:
    """The stored value that means "no image here"; None where none is stated."""
    raw = head.values.get(tags.PIXEL_PADDING)
    if not raw:
        return None
    return int.from_bytes(raw[:2], "little", signed=head.integer(tags.PIXEL_REPRESENTATION) == 1)


def _tilt(geometry: VolumeGeometry) -> float:
    step = geometry.k_step
    length = float(np.linalg.norm(step))
    if geometry.shape[0] < 2 or length == 0:
        return 0.0
    return float(np.degrees(np.arccos(min(abs(float(step @ geometry.normal)) / length, 1.0))))


def _orthonormality(head: Head) -> float:
    cosines = head.numbers(tags.ORIENTATION)
    if len(cosines) != 6:
        return 0.0
    row, column = np.array(cosines[:3]), np.array(cosines[3:])
    errors = row @ column, np.linalg.norm(row) - 1, np.linalg.norm(column) - 1
    return float(np.abs(errors).max())


def _damage(lost: Sequence[LeftOut]) -> Iterator[Finding]:
    if lost:
        names = ", ".join(entry.path.name for entry in lost[:3]) + (", ..." if len(lost) > 3 else "")
        text = f"{_count(len(lost), 'image')} of this series cannot be used ({names}): {lost[0].reason}."
        yield Finding("damaged_slices", text, "problem")


def _place(stack: Stack, geometry: VolumeGeometry) -> Iterator[Finding]:
    if not is_placed(stack.heads[0]):
        text = (
            "The images do not say where they lie in the patient: distances and exports in mm mean nothing."
        )
        yield Finding("no_position", text, "problem")
        return
    if geometry.shape[0] < FEWEST_SLICES:
        yield Finding(
            "too_few_slices",
            f"Only {_count(geometry.shape[0], 'slice')}: the distance between slices cannot be checked.",
        )
    yield from _gaps(stack.heads[0], geometry)
    yield from _drift(geometry)


def _gaps(head: Head, geometry: VolumeGeometry) -> Iterator[Finding]:
    gaps = geometry.gaps_mm
    if not len(gaps):
        return
    usual = _usual_gap(head, gaps)
    odd = np.flatnonzero(np.abs(gaps - usual) > max(STEP_TOLERANCE_MM, STEP_TOLERANCE_RATIO * usual))
    holes = [int(k) for k in odd if gaps[k] > 1.5 * usual]
    if holes:
        missing = sum(round(float(gaps[k]) / usual) - 1 for k in holes)
        where = ", ".join(f"after slice {k + 1} ({gaps[k]:.2f} mm)" for k in holes[:5])
        text = f"About {_count(missing, 'slice')} missing: gaps {where} instead of {usual:.2f} mm."
        yield Finding("missing_slices", text, "problem")
    if len(odd) > len(holes):
        text = f"The distance between slices varies from {gaps.min():.2f} to {gaps.max():.2f} mm."
        yield Finding("uneven_spacing", text, "problem")
    elif not len(odd) and not geometry.is_regular and not _shifts(geometry).any():
        text = f"The distances between slices add up unevenly around {usual:.3f} mm."
        yield Finding("uneven_spacing", text, "problem")


def _usual_gap(head: Head, gaps: NDArray[np.float64]) -> float:
    """The stated distance between slices where the gaps are multiples of it, else their median.

    Some scanners state only the empty space between slices: it counts as the distance where one gap
    or the slice thickness agrees with it.
    """
    stated, thickness = head.numbers(tags.SLICE_SPACING), head.numbers(tags.SLICE_THICKNESS)
    if stated and stated[0] > 0:
        multiples = gaps / stated[0]
        whole = np.abs(multiples - np.round(multiples)).max() < 0.05 and multiples.min() > 0.5
        agreed = multiples.min() < 1.05 or (thickness and abs(thickness[0] / stated[0] - 1) < 0.05)
        if whole and agreed:
            return stated[0]
    return float(np.median(gaps))


def _drift(geometry: VolumeGeometry) -> Iterator[Finding]:
    if geometry.shape[0] < 2:
        return
    step = geometry.k_step
    in_plane = float(np.linalg.norm(step - geometry.normal * (step @ geometry.normal)))
    if in_plane > SHEAR_TOLERANCE_MM:
        text = (
            f"The slices are tilted by {_tilt(geometry):.1f} degrees against the stack (gantry tilt): "
            "annotate on the slices as they are; NIfTI cannot hold this grid."
        )
        yield Finding("gantry_tilt", text, "problem")
    if _shifts(geometry).any():
        yield Finding(
            "shifted_slices", "Some slices are shifted sideways against their neighbours.", "problem"
        )


def _shifts(geometry: VolumeGeometry) -> NDArray[np.bool_]:
    """Which slices lie off the straight line from the first to the last, sideways."""
    origins, normal = geometry.origins, geometry.normal
    heights = origins @ normal
    span = heights[-1] - heights[0]
    if len(origins) < 3 or span == 0:
        return np.zeros(len(origins), bool)
    share = ((heights - heights[0]) / span)[:, None]
    off = origins - (origins[0] + share * (origins[-1] - origins[0]))
    return np.asarray(np.linalg.norm(off - (off @ normal)[:, None] * normal, axis=1) > STEP_TOLERANCE_MM)


def _plane(stack: Stack, geometry: VolumeGeometry) -> Iterator[Finding]:
    deviation = _orthonormality(stack.heads[0])
    if deviation > ORTHONORMAL_TOLERANCE:
        grave = deviation > 10 * ORTHONORMAL_TOLERANCE
        text = "Rows and columns are not at right angles or of unit length."
        yield Finding("not_orthonormal", text, "problem" if grave else "note")
    different = {head.values.get(tags.ORIENTATION): head for head in stack.heads}.values()
    cosines = np.array([c for head in different if len(c := head.numbers(tags.ORIENTATION)) == 6])
    if len(cosines) > 1 and np.ptp(cosines, axis=0).max() > ORTHONORMAL_TOLERANCE:
        apart = _farthest_corner(cosines, geometry)
        text = f"The slices are turned against each other, by up to {apart:.2f} mm at their corners."
        yield Finding("orientation_varies", text, "problem" if apart > TURNED_MM else "note")
    if pixel_spacing(stack.heads[0]) is None:
        text = "No usable pixel spacing is stated; it was taken as 1 mm."
        yield Finding("no_spacing", text, "problem")
    if stack.own_references:
        text = (
            "Every image states a frame of reference of its own: other series cannot be laid over this one."
        )
        yield Finding("frame_of_reference_varies", text)


def _farthest_corner(cosines: NDArray[np.float64], geometry: VolumeGeometry) -> float:
    """How far (mm) the last corner of a slice lies from where the first slice's directions would put it."""
    _, rows, columns = geometry.shape
    _, between_rows, between_columns = geometry.spacing_kji
    turned = cosines - cosines[0]
    off = turned[:, :3] * (columns - 1) * between_columns + turned[:, 3:] * (rows - 1) * between_rows
    return float(np.linalg.norm(off, axis=1).max())


def _splitting(stack: Stack) -> Iterator[Finding]:
    if stack.mixed:
        text = "Images of several patients, studies or modalities carry the number of this one series."
        yield Finding("mixed_series", text, "problem")
    if stack.part:
        yield Finding("part_of_series", f"The series holds several volumes; this one is: {stack.part}.")
    if len(set(stack.sizes)) > 1:
        text = f"The volumes of this series have from {min(stack.sizes)} to {max(stack.sizes)} slices."
        yield Finding("incomplete_series", text)
    if stack.by_order:
        text = "Several images lie at the same place and only their order tells them apart."
        yield Finding("repeated_positions", text, "problem")


def _rescaling(heads: Sequence[Head], rescale: tuple[float, float] | None) -> Iterator[Finding]:
    if rescale is None:
        yield Finding("rescale_per_slice", "Each slice has a scale of its own, which was applied.")
    distinct = {(head.values.get(tags.SLOPE), head.values.get(tags.INTERCEPT)): head for head in heads}
    if any(_unreadable_rescale(head) for head in distinct.values()):
        text = "The stated slope or intercept is no usable number: values are as stored, not HU or the like."
        yield Finding("no_rescale", text, "problem")
    elif any(_cannot_be_hounsfield(head) for head in distinct.values()):
        text = "No slope and intercept are stated: values are as stored, which cannot be Hounsfield units."
        yield Finding("no_rescale", text, "problem")


def _unreadable_rescale(head: Head) -> bool:
    slope = head.numbers(tags.SLOPE)
    wrong = any(head.text(number) and not head.numbers(number) for number in (tags.SLOPE, tags.INTERCEPT))
    return wrong or bool(slope and slope[0] == 0)


def _cannot_be_hounsfield(head: Head) -> bool:
    """Whether a CT states no scale although its stored values, never below 0, have no place for air."""
    stated = head.text(tags.SLOPE) or head.text(tags.INTERCEPT) or tags.MODALITY_LUT in head.values
    unsigned = head.integer(tags.PIXEL_REPRESENTATION) == 0
    return head.text(tags.MODALITY) == "CT" and unsigned and not stated


def _pixels(head: Head) -> Iterator[Finding]:
    if _surplus(head) > MOST_PADDING:
        text = "The files hold more pixels than their rows and columns take: the picture may be garbled."
        yield Finding("surplus_pixels", text, "problem")
    padding = padding_of(head)
    if padding is not None:
        yield Finding("padding", f"Stored value {padding} marks pixels outside the image.")
    if head.text(tags.PHOTOMETRIC) == "MONOCHROME1":
        yield Finding("inverted", "Low values are shown bright (MONOCHROME1); the values are as stored.")
    if head.text(tags.LOSSY) == "01":
        yield Finding("lossy", "Lossy compression has changed the values.")
    if tags.MODALITY_LUT in head.values:
        yield Finding("lookup_table", "Values were converted with a lookup table from the file.")


def _surplus(head: Head) -> int:
    """Bytes of uncompressed pixels beyond those that rows, columns and frames account for."""
    if head.pixel_length is None or not head.pixel_offset:
        return 0
    frames = max(head.integer(tags.NUMBER_OF_FRAMES, 1), 1)
    pixels = head.integer(tags.ROWS) * head.integer(tags.COLUMNS) * frames
    return head.pixel_length - pixels * head.integer(tags.BITS_ALLOCATED, 16) // 8


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
