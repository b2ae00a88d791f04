"""Marks: which number each voxel of a slice shows, where it ends, and the colour of every number.

Numbers instead of label values: labels of several groups, hidden segments and proposals become one small
texture, and a change of colour touches no voxel. Four bytes per voxel: low byte of the label's number, low
byte of the proposal's number, the upper four bits of both, and on which sides each of them ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from medseg_app.app.viewed import Viewed
from medseg_app.core.case import Case
from medseg_app.core.proposal import Candidate
from medseg_app.core.segment import Colour, Segment

from .plane import ViewPlane

CHOSEN, PLAIN, UNSETTLED = 255, 128, 64
"""Weights of a proposal; unsettled is what a running model has found so far: dots without a fill."""
LABEL_CHOSEN, LABEL_PLAIN, STRONGEST = 178, 76, 77
"""Weights of a label whose inside is not filled; up to STRONGEST is added for one that is."""
RUNNING = -1
"""The number of what is not proposed yet: it cannot be chosen."""
NUMBERS = 4096
"""Twelve bits: with more marks than that, colours are used again."""
Rectangle = tuple[slice, slice]
Reach = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Marks:
    """The numbers of what is shown: one table per group from label value to number, and the candidates.

    Of segments that hold the same voxel the smallest is seen: a lesion over its organ, tissues over the body.
    sizes: voxels of the segment of each number; all 0 where no two can hold the same voxel.
    colours: (16, 256, 4) uint8, red, green, blue and the weight.
    """

    case: Case
    tables: tuple[NDArray[np.uint16], ...]
    sizes: NDArray[np.int64]
    candidates: tuple[tuple[int, Candidate], ...]
    colours: NDArray[np.uint8]

    @classmethod
    def of(cls, session: Viewed, case: Case) -> Marks:
        """The marks that the session's view state asks for."""
        shown = [s for s in case.segmentation.segments if s.id not in session.view.hidden]
        candidates = list(_shown_candidates(session, case))
        rows = [(s.colour, _label_weight(session, s)) for s in shown]
        for number, candidate in candidates:
            chosen = _weight(number == session.view.selected_candidate)
            rows.append((candidate.colour, UNSETTLED if number == RUNNING else chosen))
        first = len(shown)
        numbered = tuple((number_of(first + n), c) for n, (_, c) in reversed(list(enumerate(candidates))))
        return cls(case, _tables(case, shown), _sizes(case, shown), numbered, _colours(rows))

    def looks_like(self, other: Marks | None) -> bool:
        """Whether the other marks show every voxel as these do."""
        return (
            other is not None
            and self.case is other.case
            and len(self.tables) == len(other.tables)
            and all(map(np.array_equal, self.tables, other.tables))
            and np.array_equal(self.order, other.order)
            and np.array_equal(self.colours, other.colours)
            and [c for _, c in self.candidates] == [c for _, c in other.candidates]
        )

    @cached_property
    def order(self) -> NDArray[np.uint16]:
        """The numbers by rising size of their segments, of equal ones the last group's first; 0 last."""
        groups = np.zeros(NUMBERS, np.intp)
        for group, table in enumerate(self.tables):
            groups[table] = group
        order = np.lexsort((-groups, self.sizes))
        return np.append(order[order > 0], 0).astype(np.uint16)

    @cached_property
    def _ranks(self) -> tuple[NDArray[np.uint16], ...]:
        """One table per group from label value to the place of its number in the order."""
        places = np.empty(NUMBERS, np.uint16)
        places[self.order] = np.arange(NUMBERS)
        return tuple(places[table] for table in self.tables)

    def of_slice(
        self, plane: ViewPlane, slice_index: int, part: Rectangle | None = None, reach: Reach = (1, 1)
    ) -> NDArray[np.uint8]:
        """The marks of a slice, or of a part (down, across) of it, shape (down, across, 4).

        reach: how many voxels (down, across) an outline is thick.
        """
        whole = (slice(0, plane.shape[0]), slice(0, plane.shape[1]))
        wanted = part or whole
        wide = grown(wanted, reach, plane.shape)
        labels, proposals = self._numbers(plane, slice_index, wide)
        marks = np.empty((*labels.shape, 4), np.uint8)
        marks[..., 0], marks[..., 1] = labels & 255, proposals & 255
        marks[..., 2] = (labels >> 8) | (proposals >> 8 << 4)
        marks[..., 3] = _ends(labels, reach) | (_ends(proposals, reach) << 4 if self.candidates else 0)
        top, left = wanted[0].start - wide[0].start, wanted[1].start - wide[1].start
        height, width = wanted[0].stop - wanted[0].start, wanted[1].stop - wanted[1].start
        return np.ascontiguousarray(marks[top : top + height, left : left + width])

    def _numbers(
        self, plane: ViewPlane, slice_index: int, part: Rectangle
    ) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        labels = self._labels(plane, slice_index, part)
        proposals = np.zeros_like(labels)
        for number, candidate in self.candidates:
            _draw(proposals, part, plane, slice_index, (number, candidate))
        return labels, proposals

    def _labels(self, plane: ViewPlane, slice_index: int, part: Rectangle) -> NDArray[np.uint16]:
        """The number of the smallest segment at each voxel: that of the least rank over all groups."""
        segmentation = self.case.segmentation
        values = [plane.cut(segmentation.labels(n), slice_index)[part] for n in range(len(self.tables))]
        if len(values) == 1:
            return self.tables[0][values[0]]
        ranks = self._ranks[0][values[0]]
        for table, cut in zip(self._ranks[1:], values[1:], strict=True):
            np.minimum(ranks, table[cut], out=ranks)
        return self.order[ranks]


def grown(part: Rectangle, margin: Reach, shape: tuple[int, int]) -> Rectangle:
    """A part (down, across) with a margin, inside a slice of this shape."""
    rows, columns = (
        slice(max(piece.start - more, 0), min(piece.stop + more, size))
        for piece, more, size in zip(part, margin, shape, strict=True)
    )
    return rows, columns


def _ends(numbers: NDArray[np.uint16], reach: Reach) -> NDArray[np.uint8]:
    """Bits 1, 2, 4, 8: another number begins within reach to the left, right, above, below."""
    bits = np.zeros(numbers.shape, np.uint8)
    for values, out, steps, (low, high) in (
        (numbers, bits, reach[1], (1, 2)),
        (numbers.T, bits.T, reach[0], (4, 8)),
    ):
        for step in range(1, min(steps, values.shape[1] - 1) + 1):
            differs = values[:, step:] != values[:, :-step]
            out[:, step:] |= differs * np.uint8(low)
            out[:, :-step] |= differs * np.uint8(high)
    return bits


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
        for place, segment in enumerate(shown):
            if segment.group == group:
                table[segment.value] = number_of(place)
        tables.append(table)
    return tuple(tables)


def _sizes(case: Case, shown: list[Segment]) -> NDArray[np.int64]:
    sizes = np.zeros(NUMBERS, np.int64)
    if case.segmentation.groups > 1:
        for place, segment in enumerate(shown):
            sizes[number_of(place)] = case.segmentation.voxel_count(segment.id)
    return sizes


def _shown_candidates(session: Viewed, case: Case) -> Iterator[tuple[int, Candidate]]:
    """Undecided candidates; below them what a running model has found so far."""
    for number, candidate in enumerate(case.proposal.candidates if case.proposal else ()):
        certain = candidate.score is None or candidate.score >= session.view.threshold
        if number not in case.decisions and (certain or number == session.view.selected_candidate):
            yield number, candidate
    yield from ((RUNNING, candidate) for candidate in case.so_far)


def number_of(place: int) -> int:
    """The number of the mark at a place of the list; 0 means no mark."""
    return place % (NUMBERS - 1) + 1


def _label_weight(session: Viewed, segment: Segment) -> int:
    chosen, strength = segment.id == session.view.active_segment, session.view.strengths.get(segment.id, 1.0)
    return (LABEL_CHOSEN if chosen else LABEL_PLAIN) + round(STRONGEST * strength)


def _weight(chosen: bool) -> int:
    return CHOSEN if chosen else PLAIN


def _colours(rows: list[tuple[Colour, int]]) -> NDArray[np.uint8]:
    table = np.zeros((NUMBERS, 4), np.uint8)
    for place, (colour, weight) in enumerate(rows):
        table[number_of(place)] = (*colour, weight)
    return table.reshape(16, 256, 4)
