"""Turn a stack of image heads into a VolumeInfo: slices in order of k, grid, passport, facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import GeometryError
from medseg_app.core.geometry import VolumeGeometry

from . import tags
from .heads import Head
from .one_grid import is_localizer
from .passport import make_passport, padding_of
from .place import heights_of, pixel_spacing, unit_normal
from .split import Stack
from .volume_info import Frame, LeftOut, PixelFormat, VolumeInfo

_Stored = tuple[PixelFormat, float, float]
"""How pixels lie in a file, and the slope and intercept that make real values of them."""

PATIENT = {
    "name": tags.PATIENT_NAME,
    "id": tags.PATIENT_ID,
    "birth_date": tags.PATIENT_BIRTH_DATE,
    "sex": tags.PATIENT_SEX,
    "study_date": tags.STUDY_DATE,
    "study_description": tags.STUDY_DESCRIPTION,
    "study_uid": tags.STUDY_UID,
    "series_number": tags.SERIES_NUMBER,
}


def assemble(stack: Stack, volume_id: str, root: Path, lost: Sequence[LeftOut] = ()) -> VolumeInfo:
    """The volume of a stack. Raises GeometryError where rows and columns span no plane."""
    heights = heights_of(stack.heads)
    order = sorted(range(len(heights)), key=heights.__getitem__)
    ordered = replace(stack, heads=tuple(stack.heads[n] for n in order))
    head = ordered.heads[0]
    frames = _frames(ordered.heads)
    geometry = _geometry(ordered.heads)
    passport = make_passport(ordered, geometry, frames, lost)
    return VolumeInfo(
        id=volume_id,
        series_uid=head.text(tags.SERIES_UID),
        modality=head.text(tags.MODALITY),
        description=_description(head, stack.part),
        geometry=geometry,
        frames=frames,
        passport=passport,
        root=root,
        part=stack.part,
        units=head.text(tags.UNITS) or head.text(tags.RESCALE_TYPE),
        padding=_real_padding(head, passport.rescale),
        inverted=passport.photometric == "MONOCHROME1",
        is_localizer=is_localizer(head),
        window=window_of(ordered.heads[len(frames) // 2]),
        patient=patient_of(head),
        left_out=tuple(lost),
    )


def patient_of(head: Head) -> dict[str, str]:
    """What the screen may show of patient and study; empty values are left away."""
    return {word: text for word, number in PATIENT.items() if (text := head.text(number))}


def window_of(head: Head) -> tuple[float, float] | None:
    """The first (centre, width) that the file proposes."""
    centre, width = head.numbers(tags.WINDOW_CENTER), head.numbers(tags.WINDOW_WIDTH)
    return (centre[0], width[0]) if centre and width and width[0] > 0 else None


def _description(head: Head, part: str) -> str:
    description = head.text(tags.SERIES_DESCRIPTION)
    return f"{description} ({part})".strip() if part else description


def _real_padding(head: Head, rescale: tuple[float, float] | None) -> float | None:
    stored = padding_of(head)
    if stored is None or rescale is None:
        return None
    return stored * rescale[0] + rescale[1]


def _frames(heads: Sequence[Head]) -> tuple[Frame, ...]:
    alike: dict[tuple[object, ...], _Stored] = {}
    return tuple(_frame(head, alike) for head in heads)


def _frame(head: Head, alike: dict[tuple[object, ...], _Stored]) -> Frame:
    """The frame of a head; files of a series are stored alike, so each way is looked at once."""
    get = head.values.get
    key = (head.transfer_syntax, get(tags.SLOPE), get(tags.INTERCEPT), *map(get, tags.PIXEL_FORMAT))
    stored = alike.get(key)
    if stored is None:
        stored = alike[key] = _stored(head)
    pixel_format, slope, intercept = stored
    return Frame(
        file=head.path,
        number=head.frame,
        sop_instance_uid=head.text(tags.SOP_INSTANCE),
        format=pixel_format,
        offset=head.pixel_offset if head.pixel_length is not None else 0,
        slope=slope,
        intercept=intercept,
    )


def _stored(head: Head) -> _Stored:
    slope, intercept = head.numbers(tags.SLOPE), head.numbers(tags.INTERCEPT)
    return _pixel_format(head), (slope[0] if slope else 1.0) or 1.0, intercept[0] if intercept else 0.0


def _pixel_format(head: Head) -> PixelFormat:
    allocated = head.integer(tags.BITS_ALLOCATED, 16)
    stored = head.integer(tags.BITS_STORED, allocated)
    return PixelFormat(
        rows=head.integer(tags.ROWS),
        columns=head.integer(tags.COLUMNS),
        transfer_syntax=head.transfer_syntax,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=head.integer(tags.HIGH_BIT, stored - 1),
        signed=head.integer(tags.PIXEL_REPRESENTATION) == 1,
        photometric=head.text(tags.PHOTOMETRIC),
        has_lookup_table=tags.MODALITY_LUT in head.values,
    )


def _geometry(heads: Sequence[Head]) -> VolumeGeometry:
    head = heads[0]
    shape = len(heads), head.integer(tags.ROWS), head.integer(tags.COLUMNS)
    cosines = head.numbers(tags.ORIENTATION)
    positions = [entry.numbers(tags.POSITION) for entry in heads]
    if len(cosines) != 6 or any(len(position) != 3 for position in positions):
        cosines = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
        positions = [(0.0, 0.0, float(n)) for n in range(len(heads))]
    rows, columns = pixel_spacing(head) or (1.0, 1.0)
    row, column = _unit(cosines[:3]), _unit(cosines[3:])
    last_step = None if len(heads) > 1 else unit_normal(cosines) * _slice_distance(head)
    reference = head.text(tags.FRAME_OF_REFERENCE)
    return VolumeGeometry.from_slices(
        shape, row * columns, column * rows, np.array(positions), last_step, reference
    )


def _unit(cosines: Sequence[float]) -> NDArray[np.float64]:
    vector = np.array(cosines)
    length = float(np.linalg.norm(vector))
    if length == 0:
        raise GeometryError("The directions of rows and columns do not span a plane.")
    return vector / length


def _slice_distance(head: Head) -> float:
    """The distance to the next slice that a single slice states, mm; 1 where it states none."""
    for number in (tags.SLICE_SPACING, tags.SLICE_THICKNESS):
        value = head.numbers(number)
        if value and value[0] > 0:
            return value[0]
    return 1.0
