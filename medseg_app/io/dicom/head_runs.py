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
        stretch = head[start : start + self.length]
        self._last = stretch, dict(zip(self._numbers, self._values_in(stretch), strict=True))

    def values_at(self, head: bytes, position: int) -> dict[int, bytes] | None:
        """The wanted values from this position on; None where not all headers stand at their places."""
        seen, found = self._last
        if not head.startswith(seen, position):
            stretch = head[position : position + self.length]
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
    """The runs known of one encoding, and the headers of the breaks between them."""

    def __init__(self, explicit: bool) -> None:
        self._explicit = explicit
        self._by_first_header: dict[bytes, tuple[_Run, ...]] = {}
        self._breaks: dict[bytes, tuple[int, int]] = {}

    def forget(self) -> None:
        """Forget them all."""
        self._by_first_header.clear()
        self._breaks.clear()

    def follow(self, head: bytes, position: int, values: dict[int, bytes]) -> int:
        """Take the wanted values of the runs that stand here and of the breaks between them.

        The position after what is known; the same where nothing is.
        """
        known, breaks, end = self._by_first_header, self._breaks, len(head) - 8
        while position <= end:
            header = head[position : position + 8]
            for run in known.get(header, ()):
                found = run.values_at(head, position)
                if found is not None:
                    values.update(found)
                    position += run.length
                    break
            else:
                number, size = breaks.get(header) or self._break_of(header)
                if not size or position + size > len(head):
                    break
                if number in WANTED:
                    values[number] = head[position + 8 : position + size]
                position += size
        return position

    def _break_of(self, header: bytes) -> tuple[int, int]:
        """The tag and the size of the element with this header if it is one of BREAKS; else of size 0."""
        if self._explicit:
            number, representation, length = _explicit(header)
            is_break = representation in BREAK_VRS and number in BREAKS
        else:
            number, length = _implicit(header)
            is_break = number in BREAKS
        if not is_break:
            return number, 0
        if len(self._breaks) >= MOST_RUNS:
            self._breaks.clear()
        self._breaks[header] = number, 8 + length
        return self._breaks[header]

    def learn(self, head: bytes, steps: list[Step]) -> None:
        """Remember the elements that were stepped through, for the files to come."""
        if len(self._by_first_header) >= MOST_RUNS:
            self._by_first_header.clear()
        run = _Run(head, steps)
        first = head[steps[0][0] : steps[0][0] + 8]
        known = self._by_first_header.get(first, ())
        self._by_first_header[first] = (run, *known)[:MOST_ALTERNATIVES]
