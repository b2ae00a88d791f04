"""Corner texts: patient and series, window, plane and spacing, slice and position."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from medseg_app.ui import figures, theme

from .frame import Frame
from .ink import overlay_font, write
from .orientation import BOX

MARGIN = 10
LINE = 15
BAR_ROOM = 16
"""The slice bar takes this much of the right edge."""
SMALL = 360
"""Views lower than this show only window, plane and slice: the patient stands in the large one."""

OUTSIDE = "The cross lies beyond this series"
UNSETTLED = "Dotted: not final yet"
"""Short, so that it ends before the letter at the top of a small view."""
AIR = 3.0
"""Lines keep this distance from texts."""
NARROW = 400
"""Views narrower than this leave the spacing to the others: it would run into letter and scale bar."""

Role = Literal["main", "plain", "note"]
Lines = list[tuple[str, Role]]
"""Texts from the top; one is the main one of its corner, a note tells what must not be overlooked."""
COLOURS: dict[Role, str] = {"main": theme.TEXT, "plain": theme.SECONDARY, "note": theme.NOTE}


def paint(painter: QPainter, frame: Frame) -> None:
    """Write the four corners."""
    for texts, side, top in _corners(frame):
        first = _first(frame, texts, top)
        for number, (text, role) in enumerate(texts):
            painter.setFont(overlay_font(strong=role == "main"))
            area = QRectF(MARGIN, first + number * LINE, _width(frame, side), LINE)
            write(painter, area, side | Qt.AlignmentFlag.AlignVCenter, text, COLOURS[role])


def areas(frame: Frame) -> list[QRectF]:
    """Where texts stand, in logical pixels: lines that would cross them end there."""
    found = []
    for texts, side, top in _corners(frame):
        wide = _breadth(texts)
        left = MARGIN if side == Qt.AlignmentFlag.AlignLeft else MARGIN + _width(frame, side) - wide
        area = QRectF(left, _first(frame, texts, top), wide, LINE * len(texts))
        found.append(area.adjusted(-AIR, -AIR, AIR, AIR))
    return found


def _corners(frame: Frame) -> Iterator[tuple[Lines, Qt.AlignmentFlag, bool]]:
    left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
    window = window_lines(frame)
    yield _shortened(frame, [*patient_lines(frame), *place_lines(frame)], window), left, True
    yield window, right, True
    yield plane_lines(frame), left, False
    yield slice_lines(frame), right, False


def _shortened(frame: Frame, texts: Lines, window: Lines) -> Lines:
    """Long names end in dots: the first line before the letter of the upper edge, all before the window."""
    end = MARGIN + _width(frame, Qt.AlignmentFlag.AlignRight) - _breadth(window) - 2 * AIR
    ends = [min(end, (frame.width - BOX) / 2), *[end] * (len(texts) - 1)]
    return [
        (_metrics(role).elidedText(text, Qt.TextElideMode.ElideRight, max(right - MARGIN, 0)), role)
        for (text, role), right in zip(texts, ends, strict=False)
    ]


def _breadth(texts: Lines) -> float:
    return max((_metrics(role).horizontalAdvance(text) for text, role in texts), default=0)


def _metrics(role: Role) -> QFontMetricsF:
    return QFontMetricsF(overlay_font(strong=role == "main"))


def _width(frame: Frame, side: Qt.AlignmentFlag) -> float:
    return frame.width - 2 * MARGIN - (BAR_ROOM if side == Qt.AlignmentFlag.AlignRight else 0)


def _first(frame: Frame, texts: Lines, top: bool) -> float:
    return MARGIN if top else frame.height - MARGIN - LINE * len(texts)


def patient_lines(frame: Frame) -> Lines:
    """Name, identifier and date of the study, and what the series is; of two series their kind at least."""
    if not frame.state.show_patient or frame.height < SMALL:
        return [(frame.case.volume.modality, "main")] if frame.caption or frame.warnings else []
    patient, volume = frame.case.volume.patient, frame.case.volume
    name = patient.get("name", "").replace("^", " ").strip()
    second = "  ".join(part for part in (patient.get("id", ""), _date(patient.get("study_date", ""))) if part)
    series = "  ".join(part for part in (volume.modality, volume.description) if part)
    texts = [text for text in (name, second, series) if text]
    return [(text, "plain" if number else "main") for number, text in enumerate(texts)]


def place_lines(frame: Frame) -> Lines:
    """How the series goes with the open one, whether it ends before the cross, and what is not final."""
    outside = () if frame.shows_cursor else (OUTSIDE,)
    unsettled = (UNSETTLED,) if frame.case.so_far else ()
    notes: Lines = [(text, "note") for text in (*frame.warnings, *outside, *unsettled)]
    return [(frame.caption, "plain"), *notes] if frame.caption else notes


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else text


def window_lines(frame: Frame) -> Lines:
    """Width and level, and the preset that they came from."""
    centre, width = frame.state.window
    texts: Lines = [(f"W {figure(width)}  L {figure(centre)}", "main")]
    return [*texts, (frame.state.window_name, "plain")] if frame.state.window_name else texts


def plane_lines(frame: Frame) -> Lines:
    """Plane, size of a pixel and distance of slices; says so where slices are missing or uneven."""
    spacing = frame.case.volume.geometry.spacing_kji
    plane = frame.plane
    across, down, apart = (spacing[axis] for axis in (plane.horizontal, plane.vertical, plane.axis))
    texts: Lines = [(plane.name.capitalize(), "main")]
    wide = frame.width >= NARROW
    if wide:
        depth = "apart" if plane.slices > 1 else "thick"
        texts.append((f"{across:.2f} × {down:.2f} mm,  {apart:.2f} mm {depth}", "plain"))
    if not frame.case.volume.geometry.is_regular:
        texts.append(
            ("Uneven slices, gaps stay black" if plane.has_gaps and wide else "Uneven slices", "plain")
        )
    return texts


def slice_lines(frame: Frame) -> Lines:
    """Where the slice lies along the nearest patient axis, and its number."""
    letter, distance = position_of(frame)
    number = f"{frame.slice_index + 1} / {frame.plane.slices}"
    return [(f"{letter} {distance:.1f} mm", "plain"), (number, "main")]


def position_of(frame: Frame) -> tuple[str, float]:
    """The slice's middle along its axis: the letter of the side of the origin, and the distance in mm."""
    axis = {"axial": 2, "coronal": 1, "sagittal": 0}[frame.plane.name]
    index = [(n - 1) / 2 for n in frame.case.volume.geometry.shape]
    index[frame.plane.axis] = frame.slice_index
    place = float(frame.case.volume.geometry.to_patient(index)[axis])
    return "LPS"[axis] if place >= 0 else "RAI"[axis], abs(place)


def figure(value: float) -> str:
    """A window figure: whole where it is large, with decimals where the values are small."""
    return figures.signed(value, 0 if abs(value) >= 20 or float(value).is_integer() else 2)
