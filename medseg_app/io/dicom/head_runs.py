"""Runs: stretches of elements that file after file of a series repeat, checked and taken in one go.

The files of a series differ in a few values, hardly ever in which elements stand where. A run keeps
the headers (tag, representation, length) of consecutive elements as a template. Where all of them
stand in a file at their places, stepping from one to the next would end at the same place, because
each header says where the next one stands: nothing is guessed.
"""

from __future__ import annotations

from struct import Struct

from .tags import SEQUENCES, WANTED, tag

Step = tuple[int, int, int, int]
"""Position, size of the header, tag and length of the value of one element.

Elements within a sequence of undefined length are steps of their own, of tag INNER. The sequence
itself, its items and their ends are steps whose value has no length.
"""
INNER = 0

_implicit = Struct("<II").unpack_from
_explicit = Struct("<I2sH").unpack_from

BREAKS = frozenset(
    {
        tag(0x0008, 0x0018),  # SOPInstanceUID
        tag(0x0018, 0x1060),  # TriggerTime
        tag(0x0020, 0x0013),  # InstanceNumber
        tag(0x0020, 0x0032),  # ImagePositionPatient
        tag(0x0020, 0x1041),  # SliceLocation
        tag(0x0028, 0x1050),  # window
        tag(0x0028, 0x1051),
    }
)
"""Elements whose length differs from slice to slice: a run ends before them."""
BREAK_VRS = frozenset({b"DS", b"IS", b"UI"})
MOST_ALTERNATIVES = 4
MOST_RUNS = 1024


class _Run:
    """One template; the headers are compared as one large number under a mask, values taken in one go.

    Most runs of a series are the same in every file to the last byte: then last time's values are taken.
    """

    __slots__ = ("_headers", "_last", "_mask", "_numbers", "_values_in", "length")

    def __init__(self, head: bytes, steps: list[Step]) -> None:
        start = steps[0][0]
        last, size, _, value_length = steps[-1]
        self.length = last + size + value_length - start
        mask = b"".join(b"\xff" * header + bytes(value) for _, header, _, value in steps)
        self._mask = int.from_bytes(mask, "little")
        self._headers = int.from_bytes(head[start : start + self.length], "little") & self._mask
        wanted = [step for step in steps if step[2] in WANTED]
        self._numbers = tuple(number for _, _, number, _ in wanted)
        self._values_in = Struct(_layout(wanted, start)).unpack_from
        self._last = b"", dict[int, bytes]()

    def values_of(self, stretch: bytes) -> dict[int, bytes] | None:
        """The wanted values in a stretch of a file; None where not all headers stand at their places."""
        seen, found = self._last
        if stretch != seen:
            if len(stretch) < self.length or int.from_bytes(stretch, "little") & self._mask != self._headers:
                return None
            found = dict(zip(self._numbers, self._values_in(stretch), strict=True))
            self._last = stretch, found  # as a pair: another folder may be scanned beside this one
        return found


def _layout(wanted: list[Step], start: int) -> str:
    """The struct format that takes the wanted values out of a run."""
    layout, position = "", start
    for at, header, number, length in wanted:
        taken = 0 if number in SEQUENCES else length
        layout += f"{at + header - position}x{taken}s"
        position = at + header + taken
    return layout


class Runs:
    """The runs known of one encoding."""

    def __init__(self, explicit: bool) -> None:
        self._explicit = explicit
        self._by_first_header: dict[bytes, tuple[_Run, ...]] = {}

    def forget(self) -> None:
        """Forget them all."""
        self._by_first_header.clear()

    def follow(self, head: bytes, position: int, values: dict[int, bytes]) -> int:
        """Take the wanted values of the runs that stand here and of the breaks between them.

        The position after what is known; the same where nothing is.
        """
        known, end = self._by_first_header, len(head) - 8
        while position <= end:
            for run in known.get(head[position : position + 8], ()):
                found = run.values_of(head[position : position + run.length])
                if found is not None:
                    values.update(found)
                    position += run.length
                    break
            else:
                after = self._after_break(head, position, values)
                if after == position:
                    break
                position = after
        return position

    def _after_break(self, head: bytes, position: int, values: dict[int, bytes]) -> int:
        """Take the element that stands here if it is one of BREAKS."""
        if self._explicit:
            number, representation, length = _explicit(head, position)
            if representation not in BREAK_VRS:
                return position
        else:
            number, length = _implicit(head, position)
        after = position + 8 + int(length)
        if number not in BREAKS or after > len(head):
            return position
        if number in WANTED:
            values[number] = head[position + 8 : after]
        return after

    def learn(self, head: bytes, steps: list[Step]) -> None:
        """Remember the elements that were stepped through, for the files to come."""
        if len(self._by_first_header) >= MOST_RUNS:
            self._by_first_header.clear()
        run = _Run(head, steps)
        first = head[steps[0][0] : steps[0][0] + 8]
        known = self._by_first_header.get(first, ())
        self._by_first_header[first] = (run, *known)[:MOST_ALTERNATIVES]
