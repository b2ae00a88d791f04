"""Marks: which number each voxel of a slice shows, and the colour of every number.

Numbers instead of label values: labels of several groups, hidden segments and proposals become one small
texture, and a change of colour or visibility touches no voxel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medseg_app.app.session import Session
from medseg_app.core.case import Case
from medseg_app.core.proposal import Candidate
from medseg_app.core.segment import Colour, Segment

from .plane import ViewPlane

CHOSEN, PLAIN = 255, 128
Rectangle = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Marks:
    """The numbers of what is shown: one table per group from label value to number, and the candidates.

    colours: (rows, 256, 4) uint8, red, green, blue and CHOSEN or PLAIN.
    """

    case: Case
    tables: tuple[NDArray[np.uint16], ...]
    candidates: tuple[tuple[int, Candidate], ...]
    colours: NDArray[np.uint8]

    @classmethod
    def of(cls, session: Session, case: Case) -> Marks:
        """The marks that the session's view state asks for."""
        shown = [s for s in case.segmentation.segments if s.id not in session.view.hidden]
        candidates = list(_shown_candidates(session, case))
        rows = [(s.colour, s.id == session.view.active_segment) for s in shown]
        rows += [(c.colour, n == session.view.selected_candidate) for n, c in candidates]
        first = len(shown) + 1
        numbered = tuple((first + n, c) for n, (_, c) in reversed(list(enumerate(candidates))))
        return cls(case, _tables(case, shown), numbered, _colours(rows))

    def of_slice(
        self, plane: ViewPlane, slice_index: int, part: Rectangle | None = None
    ) -> NDArray[np.uint8]:
        """The marks of a slice, or of a part (down, across) of it, shape (down, across, 4)."""
        rows, columns = part or (slice(0, plane.shape[0]), slice(0, plane.shape[1]))
        numbers = np.zeros((rows.stop - rows.start, columns.stop - columns.start, 2), "<u2")
        for group, table in enumerate(self.tables):
            labels = plane.cut(self.case.segmentation.labels(group), slice_index)[rows, columns]
            here = table[labels]
            numbers[..., 0] = np.where(here > 0, here, numbers[..., 0]) if group else here
        for number, candidate in self.candidates:
            _draw(numbers[..., 1], (rows, columns), plane, slice_index, (number, candidate))
        return numbers.view(np.uint8).reshape(*numbers.shape[:2], 4)


def _draw(
    into: NDArray[np.uint16], part: Rectangle, plane: ViewPlane, slice_index: int, what: tuple[int, Candidate]
) -> None:
    number, candidate = what
    place = plane.cut_box(candidate.box, slice_index)
    if place is None:
        return
    mask = plane.cut(candidate.mask, slice_index - candidate.box.start[plane.axis])
    (rows, columns), (all_rows, all_columns) = place, part
    top, bottom = max(rows.start, all_rows.start), min(rows.stop, all_rows.stop)
    left, right = max(columns.start, all_columns.start), min(columns.stop, all_columns.stop)
    if top >= bottom or left >= right:
        return
    piece = mask[top - rows.start : bottom - rows.start, left - columns.start : right - columns.start]
    target = into[
        top - all_rows.start : bottom - all_rows.start, left - all_columns.start : right - all_columns.start
    ]
    target[piece] = number


def _tables(case: Case, shown: list[Segment]) -> tuple[NDArray[np.uint16], ...]:
    segmentation = case.segmentation
    tables = []
    for group in range(segmentation.groups):
        size = np.iinfo(segmentation.labels(group).dtype).max + 1
        table = np.zeros(size, np.uint16)
        for number, segment in enumerate(shown, start=1):
            if segment.group == group:
                table[segment.value] = number
        tables.append(table)
    return tuple(tables)


def _shown_candidates(session: Session, case: Case) -> Iterator[tuple[int, Candidate]]:
    if case.proposal is None:
        return
    for number, candidate in enumerate(case.proposal.candidates):
        certain = candidate.score is None or candidate.score >= session.view.threshold
        if number not in case.decisions and (certain or number == session.view.selected_candidate):
            yield number, candidate


def _colours(rows: list[tuple[Colour, bool]]) -> NDArray[np.uint8]:
    count = -(-(len(rows) + 1) // 256)
    table = np.zeros((count * 256, 4), np.uint8)
    for number, (colour, chosen) in enumerate(rows, start=1):
        table[number] = (*colour, CHOSEN if chosen else PLAIN)
    return table.reshape(count, 256, 4)
