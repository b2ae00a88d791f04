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
SHORTEST = 3
"""Fewer elements are stepped through as fast."""
MOST_ALTERNATIVES = 4
MOST_RUNS = 1024


class _Run:
    """One template; the headers are compared as one large number under a mask, values taken in one go."""

    __slots__ = ("_headers", "_mask", "length", "numbers", "values_in")

    def __init__(self, head: bytes, steps: list[Step]) -> None:
        start = steps[0][0]
        last, size, _, value_length = steps[-1]
        self.length = last + size + value_length - start
        mask = b"".join(b"\xff" * header + bytes(value) for _, header, _, value in steps)
        self._mask = int.from_bytes(mask, "little")
        self._headers = int.from_bytes(head[start : start + self.length], "little") & self._mask
        wanted = [step for step in steps if step[2] in WANTED]
        self.numbers = tuple(number for _, _, number, _ in wanted)
        self.values_in = Struct(_layout(wanted, start)).unpack_from

    def stands_in(self, stretch: bytes) -> bool:
        """Whether a stretch of a file has all the headers at their places."""
        return int.from_bytes(stretch, "little") & self._mask == self._headers


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

    def __init__(self) -> None:
        self._by_first_header: dict[bytes, tuple[_Run, ...]] = {}

    def forget(self) -> None:
        """Forget them all."""
        self._by_first_header.clear()

    def follow(self, head: bytes, position: int, values: dict[int, bytes]) -> int:
        """Take the wanted values of a run that stands here; the position after it, or the same."""
        for run in self._by_first_header.get(head[position : position + 8], ()):
            stretch = head[position : position + run.length]
            if len(stretch) == run.length and run.stands_in(stretch):
                values.update(zip(run.numbers, run.values_in(stretch), strict=True))
                return position + run.length
        return position

    def learn(self, head: bytes, steps: list[Step]) -> None:
        """Remember the elements that were stepped through, for the files to come."""
        if len(steps) < SHORTEST:
            return
        if len(self._by_first_header) >= MOST_RUNS:
            self._by_first_header.clear()
        run = _Run(head, steps)
        first = head[steps[0][0] : steps[0][0] + 8]
        known = self._by_first_header.get(first, ())
        self._by_first_header[first] = (run, *known)[:MOST_ALTERNATIVES]
