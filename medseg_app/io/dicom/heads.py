"""Read the head of one DICOM file: the raw values that a scan needs and where the pixels lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from . import tags
from .head_walk import LONG_VRS, SHORT_VRS, Damaged, NeedMore, Odd, Walk, forget_runs, walk

FIRST_READ = 8192
"""Bytes read at first: holds the whole head of most files and costs one system call."""
LARGEST_HEAD = 256 << 20

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"

GROUP_LENGTH = b"\2\0\0\0UL\4\0"
SYNTAX_ELEMENT = b"\2\0\x10\0UI"
ITEM, SEQUENCE_END = bytes.fromhex("feff00e0"), bytes.fromhex("feffdde0")


class Unusable(Exception):
    """A file that cannot be used as an image; the text is the reason, as a user reads it."""


@dataclass(slots=True)
class Head:
    """The head of one file.

    values: raw bytes by tag (see tags.py), text in the character set that CHARACTER_SET names.
    pixel_length: None where the pixels are encapsulated; pixel_offset: 0 where there are none or
    where only pydicom can find them (big endian, deflated).
    dataset: the pydicom data set without pixels, where one had to be made.
    cut_off: the encapsulated pixels do not come to their end within the file.
    floating: the pixels are floating-point numbers.
    frame: 1-based number within a multi-frame object, where the head stands for one of its frames.
    """

    path: str
    size: int
    transfer_syntax: str
    values: dict[int, bytes]
    pixel_offset: int = 0
    pixel_length: int | None = None
    dataset: Any = None
    frame: int = 1
    cut_off: bool = False
    floating: bool = False

    def text(self, number: int) -> str:
        """The value as text without padding; empty where the attribute is absent."""
        raw = self.values.get(number)
        if not raw:
            return ""
        return _plain(raw) or _decoded(raw, self.values.get(tags.CHARACTER_SET, b""))

    def integer(self, number: int, default: int = 0) -> int:
        """The value as a whole number; the default where it is absent or no number."""
        raw = self.values.get(number)
        if not raw:
            return default
        if number in tags.NUMBERS_IN_TWO_BYTES:
            return int.from_bytes(raw[:2], "little")
        numbers = _floats(raw)
        return int(numbers[0]) if numbers else default

    def numbers(self, number: int) -> tuple[float, ...]:
        """The value as finite numbers; empty where the attribute is absent or no number."""
        raw = self.values.get(number)
        if not raw:
            return ()
        if number in tags.EIGHT_BYTE_NUMBERS:
            return _doubles(raw)
        return _floats(raw)


def read_head(path: str) -> Head:
    """Read the head of a file once.

    Raises Unusable with the reason, for anything from which no head can be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError as problem:
        raise Unusable(f"a file that cannot be opened ({problem.strerror})") from problem
    try:
        return _read_open_file(path, descriptor)
    except OSError as problem:
        raise Unusable(f"a file that cannot be read ({problem.strerror})") from problem
    finally:
        os.close(descriptor)


def forget() -> None:
    """Forget what earlier files taught, as at the start of the program (for benchmarks)."""
    _floats.cache_clear()
    _plain.cache_clear()
    _decoded.cache_clear()
    forget_runs()


def _read_open_file(path: str, descriptor: int) -> Head:
    head = os.read(descriptor, FIRST_READ)
    size = len(head) if len(head) < FIRST_READ else os.fstat(descriptor).st_size
    if not size:
        raise Unusable("an empty file")
    try:
        syntax, start = _data_set_start(head)
        if syntax in (DEFLATED, BIG_ENDIAN):
            raise Odd("another byte order or a deflated data set")
        found = _walk_growing(descriptor, head, start, syntax != IMPLICIT, size)
    except Damaged as problem:
        raise Unusable(str(problem)) from problem
    except Odd:
        from .head_pydicom import head_by_pydicom

        return head_by_pydicom(path, size)
    result = Head(path, size, syntax, found.values, found.pixel_offset, found.pixel_length)
    result.floating = found.floating
    if found.pixel_offset and found.pixel_length is None:
        result.cut_off = not _fragments_end(descriptor, found.pixel_offset, size)
    return result


def _fragments_end(descriptor: int, position: int, size: int) -> bool:
    """Whether encapsulated pixels come to their end within the file."""
    while position + 8 <= size:
        os.lseek(descriptor, position, os.SEEK_SET)
        item = os.read(descriptor, 8)
        if item[:4] != ITEM:
            return item[:4] == SEQUENCE_END
        position += 8 + int.from_bytes(item[4:], "little")
    return False


def _walk_growing(descriptor: int, head: bytes, start: int, explicit: bool, size: int) -> Walk:
    while True:
        try:
            return walk(head, start, explicit, size)
        except NeedMore:
            if len(head) >= min(size, LARGEST_HEAD):
                raise Damaged("cut off: it ends in the middle of its head") from None
            os.lseek(descriptor, 0, os.SEEK_SET)
            head = os.read(descriptor, min(size, LARGEST_HEAD, 8 * len(head)))


def _data_set_start(head: bytes) -> tuple[str, int]:
    """The transfer syntax and where the data set begins. Raises Unusable for what is not DICOM."""
    if head[128:132] == b"DICM":
        return _as_it_is(head, *_after_file_meta(head))
    if head[:2] == b"\2\0" and head[4:6] in (b"UL", b"OB", b"UI"):
        # The 132 bytes in front of it were left out.
        return _as_it_is(head, *_through_file_meta(head, 0))
    syntax = _syntax_without_meta(head)
    if not syntax:
        raise Unusable("not a DICOM file")
    return syntax, 0


def _as_it_is(head: bytes, syntax: str, start: int) -> tuple[str, int]:
    """Some writers announce implicit and write explicit; the letters of the first element tell."""
    explicit = syntax == IMPLICIT and head[start + 4 : start + 6] in _VRS
    return (EXPLICIT if explicit else syntax), start


def _syntax_without_meta(head: bytes) -> str:
    """How a data set that stands alone in its file is encoded, seen from its first element; else empty.

    Images begin with one of the first attributes of group 8; other files hardly ever look like that.
    """
    if head[:2] == b"\0\x08" and head[2] == 0 and head[3] < _FIRST_ELEMENTS and head[4:6] in _VRS:
        return BIG_ENDIAN
    if head[:2] != b"\x08\0" or len(head) < 9 or head[3] != 0 or head[2] >= _FIRST_ELEMENTS:
        return ""
    if head[4:6] in _VRS:
        return EXPLICIT
    return IMPLICIT if int.from_bytes(head[4:8], "little") <= _LONGEST_FIRST_VALUE else ""


_FIRST_ELEMENTS = 0x20
_LONGEST_FIRST_VALUE = 256
_VRS = SHORT_VRS | LONG_VRS


def _after_file_meta(head: bytes) -> tuple[str, int]:
    if head[132:140] == GROUP_LENGTH:
        position = 144 + int.from_bytes(head[140:144], "little")
        at = head.find(SYNTAX_ELEMENT, 144, position)
        if (
            at > 0
            and head[position : position + 2] != b"\2\0"
            and head.find(SYNTAX_ELEMENT, at + 1, position) < 0
        ):
            length = int.from_bytes(head[at + 6 : at + 8], "little")
            return _uid(head[at + 8 : at + 8 + length]), position
    return _through_file_meta(head)


def _through_file_meta(head: bytes, position: int = 132) -> tuple[str, int]:
    syntax, end = "", len(head) - 12
    while position <= end and head[position : position + 2] == b"\x02\x00":
        long_form = head[position + 4 : position + 6] in (b"OB", b"UN", b"UT", b"SQ", b"OW")
        length_at = position + (8 if long_form else 6)
        width = 4 if long_form else 2
        length = int.from_bytes(head[length_at : length_at + width], "little")
        value_at = length_at + width
        if head[position + 2 : position + 4] == b"\x10\x00":
            syntax = _uid(head[value_at : value_at + length])
        position = value_at + length
    if position > end:
        if len(head) == FIRST_READ:
            raise Odd("file meta information larger than any usual one")
        raise Unusable("cut off: it ends within its first bytes")
    if not syntax:
        syntax = EXPLICIT if head[position + 4 : position + 6].isalpha() else IMPLICIT
    return syntax, position


def _uid(raw: bytes) -> str:
    return raw.rstrip(b" \0").decode("ascii", "replace")


@lru_cache(maxsize=4096)
def _plain(raw: bytes) -> str:
    """Text that is the same in every character set; empty where it is not, or holds blanks only."""
    return raw.decode("ascii").strip(" \0") if raw.isascii() and b"\x1b" not in raw else ""


@lru_cache(maxsize=4096)
def _floats(raw: bytes) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in raw.decode("ascii").strip(" \0").split("\\") if part.strip())
    except (UnicodeDecodeError, ValueError):
        return ()
    return numbers if all(abs(number) < 1e30 for number in numbers) else ()


def _doubles(raw: bytes) -> tuple[float, ...]:
    from struct import unpack

    count = len(raw) // 8
    numbers = unpack(f"<{count}d", raw[: count * 8])
    return numbers if all(abs(number) < 1e30 for number in numbers) else ()


@lru_cache(maxsize=256)
def _decoded(raw: bytes, character_set: bytes) -> str:
    from pydicom.charset import convert_encodings, decode_bytes

    names = [name.decode("ascii", "replace").strip() for name in character_set.split(b"\\")]
    try:
        return str(decode_bytes(raw, convert_encodings(names), {0x5C})).strip(" \0")
    except (LookupError, ValueError):  # unknown character sets end as LookupError inside pydicom
        return raw.decode("utf-8", "replace").strip(" \0")
