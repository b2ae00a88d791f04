"""Step from element to element through the first bytes of a DICOM data set, up to its pixels.

Only little endian data sets are walked; whatever else a file may hold is left to pydicom. Nothing
is interpreted here: wanted values are kept as raw bytes, sequences are stepped over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct, error

from .head_runs import BREAKS, INNER, Runs, Step
from .tags import PIXEL_TAGS, PIXELS, ROWS, SEQUENCES, WANTED, group_of, tag

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = tag(0xFFFE, 0xE000), tag(0xFFFE, 0xE00D), tag(0xFFFE, 0xE0DD)
SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
IMAGE_GROUP = 0x0028
DEEPEST_NESTING = 32

_implicit = Struct("<II").unpack_from
_explicit = Struct("<I2sH").unpack_from
_length = Struct("<I").unpack_from
_implicit_runs, _explicit_runs = Runs(explicit=False), Runs(explicit=True)


class NeedMore(Exception):
    """The walk left the bytes at hand; it has to be repeated with more of the file."""


class Odd(Exception):
    """The data set is not one that is walked here; pydicom may know better."""


class Damaged(Exception):
    """The data set cannot be what it claims; the text says why."""


@dataclass(slots=True)
class Walk:
    """What a walk found: raw values by tag, and where the pixels lie (offset 0: there are none).

    pixel_length is None where it is not stated (encapsulated, that is compressed, pixels).
    floating: the pixels are floating-point numbers.
    """

    values: dict[int, bytes] = field(default_factory=dict)
    pixel_offset: int = 0
    pixel_length: int | None = None
    floating: bool = False


def walk(head: bytes, start: int, explicit: bool, size: int) -> Walk:
    """Walk a data set that begins at `start` of the first bytes of a file of `size` bytes.

    Raises NeedMore, Odd or Damaged.
    """
    result = Walk()
    step = _walk_explicit if explicit else _walk_implicit
    try:
        position = step(head, start, result)
    except error as missing_bytes:
        raise NeedMore from missing_bytes
    if result.pixel_offset:
        return result
    if position > size:
        raise Damaged("cut off or damaged: a part of it claims to be longer than the file")
    if position < size - 8 and _may_hold_pixels(head, position, result):
        raise NeedMore
    return result


def forget_runs() -> None:
    """Forget the runs of elements that earlier files taught."""
    _implicit_runs.forget()
    _explicit_runs.forget()


def _may_hold_pixels(head: bytes, position: int, result: Walk) -> bool:
    """Whether reading on can find pixels: an image states its rows before any later group."""
    if ROWS in result.values or position + 4 > len(head):
        return True
    return group_of(_length(head, position)[0]) <= IMAGE_GROUP


def _walk_implicit(head: bytes, position: int, result: Walk) -> int:
    values, end, steps = result.values, len(head) - 8, _Steps(head, _implicit_runs)
    while (position := steps.follow(position, values)) <= end:
        number, length = _implicit(head, position)
        if number in PIXEL_TAGS:
            _found_pixels(result, number, position + 8, length)
            break
        if length == UNDEFINED:
            steps.add(position, 8, number, 0)
            if number in SEQUENCES:
                values[number] = b""
            position = _after_sequence(head, position + 8, False, steps)
            continue
        if number in WANTED:
            values[number] = _value(head, number, position + 8, length)
        steps.add(position, 8, number, length)
        position += 8 + length
    steps.end()
    return position


def _walk_explicit(head: bytes, position: int, result: Walk) -> int:
    values, end, steps = result.values, len(head) - 8, _Steps(head, _explicit_runs)
    while (position := steps.follow(position, values)) <= end:
        number, vr, length = _explicit(head, position)
        size = 8
        if vr not in SHORT_VRS:
            length, size = _long_length(head, position + 8, vr), 12
            if number in PIXEL_TAGS:
                _found_pixels(result, number, position + 12, length)
                break
            if length == UNDEFINED:
                steps.add(position, 12, number, 0)
                if number in SEQUENCES:
                    values[number] = b""
                position = _after_sequence(head, position + 12, vr != b"UN", steps)
                continue
        if number in WANTED:
            values[number] = _value(head, number, position + size, length)
        steps.add(position, size, number, length)
        position += size + length
    steps.end()
    return position


class _Steps:
    """The elements stepped through since the last break, to be learned as a run."""

    __slots__ = ("_head", "_runs", "_taken")

    def __init__(self, head: bytes, runs: Runs) -> None:
        self._head, self._runs = head, runs
        self._taken: list[Step] = []

    def follow(self, position: int, values: dict[int, bytes]) -> int:
        """Take the wanted values of what is known of files before; where it ends."""
        after = self._runs.follow(self._head, position, values)
        if after != position:
            self.end()
        return after

    def add(self, position: int, size: int, number: int, length: int) -> None:
        if number in BREAKS or position + size + length > len(self._head):
            self.end()
        else:
            self._taken.append((position, size, number, length))

    def end(self) -> None:
        if self._taken:
            self._runs.learn(self._head, self._taken)
            self._taken = []


def _long_length(head: bytes, position: int, vr: bytes) -> int:
    if vr not in LONG_VRS:
        raise Odd("an element without a known value representation")
    return int(_length(head, position)[0])


def _found_pixels(result: Walk, number: int, offset: int, length: int) -> None:
    result.floating = number != PIXELS
    result.pixel_offset = offset
    result.pixel_length = None if length == UNDEFINED else length


def _value(head: bytes, number: int, position: int, length: int) -> bytes:
    if number in SEQUENCES:
        return b""
    if position + length > len(head):
        raise NeedMore
    return head[position : position + length]


def _after_sequence(head: bytes, position: int, explicit: bool, steps: _Steps, depth: int = 0) -> int:
    """Position after a sequence of undefined length whose first item begins here."""
    if depth > DEEPEST_NESTING:
        raise Damaged("damaged: its sequences are nested without end")
    while True:
        number, length = _implicit(head, position)
        if number not in (ITEM, SEQUENCE_END):
            raise Odd("a sequence without items")
        defined = number == ITEM and length != UNDEFINED
        steps.add(position, 8, INNER, length if defined else 0)
        position += 8 + (length if defined else 0)
        if number == SEQUENCE_END:
            return position
        if not defined:
            position = _after_item(head, position, explicit, steps, depth)


def _after_item(head: bytes, position: int, explicit: bool, steps: _Steps, depth: int) -> int:
    while True:
        number, length = _implicit(head, position)
        if number == ITEM_END:
            steps.add(position, 8, INNER, 0)
            return position + 8
        size, inner_explicit = 8, explicit
        if explicit:
            _, vr, length = _explicit(head, position)
            if vr not in SHORT_VRS:
                length, size = _long_length(head, position + 8, vr), 12
                inner_explicit = vr != b"UN"
        undefined = length == UNDEFINED
        steps.add(position, size, INNER, 0 if undefined else length)
        position += size
        if undefined:
            position = _after_sequence(head, position, inner_explicit, steps, depth + 1)
        else:
            position += length
