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
"""Position, size of the header, tag and length of the value of one element."""

BREAKS = frozenset(
    {
        tag(0x0008, 0x0018),  # SOPInstanceUID
        tag(0x0008, 0x0032),  # times
        tag(0x0008, 0x0033),
        tag(0x0018, 0x1060),
        tag(0x0020, 0x0013),  # InstanceNumber
        tag(0x0020, 0x0032),  # ImagePositionPatient
        tag(0x0020, 0x1041),  # SliceLocation
        tag(0x0028, 0x1050),  # window
        tag(0x0028, 0x1051),
    }
)
"""Elements whose length differs from slice to slice: a run ends before them."""
SHORTEST = 3
"""Fewer elements are stepped through as fast."""
MOST_ALTERNATIVES = 4
MOST_RUNS = 1024


class _Run:
    __slots__ = ("headers", "headers_at", "length", "wanted")

    def __init__(self, head: bytes, steps: list[Step]) -> None:
        start = steps[0][0]
        last, size, _, length = steps[-1]
        layout = "".join(f"{header}s{value}x" for _, header, _, value in steps)
        self.length = last + size + length - start
        self.headers_at = Struct(layout).unpack_from
        self.headers = self.headers_at(head, start)
        self.wanted = tuple(
            (number, at + header - start, at + header + value - start)
            for at, header, number, value in steps
            if number in WANTED and number not in SEQUENCES
        )


class Runs:
    """The runs known of one encoding."""

    def __init__(self) -> None:
        self._by_first_header: dict[bytes, tuple[_Run, ...]] = {}

    def follow(self, head: bytes, position: int, values: dict[int, bytes]) -> int:
        """Take the wanted values of a run that stands here; the position after it, or the same."""
        for run in self._by_first_header.get(head[position : position + 8], ()):
            end = position + run.length
            if end <= len(head) and run.headers_at(head, position) == run.headers:
                for number, start, stop in run.wanted:
                    values[number] = head[position + start : position + stop]
                return end
        return position

    def learn(self, head: bytes, steps: list[Step]) -> None:
        """Remember the elements that were stepped through, for the files to come."""
        if len(steps) < SHORTEST or any(number in SEQUENCES for _, _, number, _ in steps):
            return
        if len(self._by_first_header) >= MOST_RUNS:
            self._by_first_header.clear()
        run = _Run(head, steps)
        first = head[steps[0][0] : steps[0][0] + 8]
        known = self._by_first_header.get(first, ())
        self._by_first_header[first] = (run, *known)[:MOST_ALTERNATIVES]
