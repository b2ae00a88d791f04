"""Decide whether a DICOM object is a greyscale image that can become part of a volume."""

from __future__ import annotations

from collections.abc import Hashable

from . import tags
from .heads import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, Head, Unusable

UNCOMPRESSED = frozenset({IMPLICIT, EXPLICIT})
DECODABLE = UNCOMPRESSED | {
    DEFLATED,
    BIG_ENDIAN,
    "1.2.840.10008.1.2.5",
    *(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70, 80, 81, 90, 91, 201, 202, 203)),
}
"""Transfer syntaxes that are read; withdrawn JPEG processes (52 to 56) and video are not."""

JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
"""No decoder under a permissive licence at hand reads more than 8 bits of it."""

OTHER_OBJECTS = {
    "1.2.840.10008.5.1.4.1.1.30": "a parametric map, not an image series",
    "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation, not an image: import it onto its series",
    "1.2.840.10008.5.1.4.1.1.66.5": "a surface segmentation, not an image",
    "1.2.840.10008.5.1.4.1.1.66.7": "a segmentation (label map), not an image: import it onto its series",
    "1.2.840.10008.5.1.4.1.1.77.1.6": "a whole-slide microscopy image, which is not supported",
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiotherapy dose, not an image",
    "1.2.840.10008.5.1.4.1.1.481.3": "a radiotherapy structure set, not an image",
    "1.2.840.10008.5.1.4.1.1.481.5": "a radiotherapy plan, not an image",
}
"""Kinds of objects (SOP classes) that are no images although some have pixels."""

LARGEST_COMPRESSION = 10_000
"""Even an empty image shrinks less; a claim above it would only exhaust the memory."""

DECISIVE = (
    tags.DIRECTORY_RECORDS,
    tags.SOP_CLASS,
    tags.IMAGE_TYPE,
    tags.SAMPLES_PER_PIXEL,
    tags.PHOTOMETRIC,
    tags.BITS_ALLOCATED,
    tags.BITS_STORED,
    tags.HIGH_BIT,
    tags.ROWS,
    tags.COLUMNS,
    tags.NUMBER_OF_FRAMES,
)
_bytes_needed: dict[Hashable, int] = {}

GREY = frozenset({"MONOCHROME1", "MONOCHROME2", ""})


def require_image(head: Head) -> None:
    """Raise Unusable with the reason unless the object is a complete greyscale image."""
    if head.floating:
        raise Unusable("pixels of floating-point numbers, which are not supported")
    # Files of a series are alike in all that decides, so one of them is looked at closely.
    key = head.transfer_syntax, *map(head.values.get, DECISIVE)
    needed = _bytes_needed.get(key)
    if needed is None:
        needed = _inspect(head)
        _bytes_needed[key] = needed
    if not head.pixel_offset and head.dataset is None:
        raise Unusable(_without_pixels(head.text(tags.SOP_CLASS)))
    if not head.values.get(tags.SERIES_UID):
        raise Unusable("an image that names no series (SeriesInstanceUID)")
    _require_all_pixels(head, needed)


def _inspect(head: Head) -> int:
    """How many bytes the pixels of an image take, uncompressed. Raises Unusable for anything else."""
    kind = head.text(tags.SOP_CLASS)
    if tags.DIRECTORY_RECORDS in head.values:
        raise Unusable("the index of a medium (DICOMDIR); the files beside it were read themselves")
    if kind in OTHER_OBJECTS:
        raise Unusable(OTHER_OBJECTS[kind])
    if tags.ROWS not in head.values:
        raise Unusable(_without_pixels(kind))
    if "MOSAIC" in head.text(tags.IMAGE_TYPE).split("\\"):
        raise Unusable("a mosaic of many slices in one image, which is not supported")
    _require_known_encoding(head)
    rows, columns = head.integer(tags.ROWS), head.integer(tags.COLUMNS)
    if rows * columns == 0:
        raise Unusable("an image without rows or columns")
    frames = max(head.integer(tags.NUMBER_OF_FRAMES, 1), 1)
    return rows * columns * frames * head.integer(tags.BITS_ALLOCATED, 16) // 8


def _require_known_encoding(head: Head) -> None:
    if head.integer(tags.SAMPLES_PER_PIXEL, 1) != 1 or head.text(tags.PHOTOMETRIC) not in GREY:
        raise Unusable("a colour image; only greyscale images can be segmented")
    if head.integer(tags.BITS_ALLOCATED, 16) not in (8, 16, 32):
        raise Unusable(f"pixels of {head.integer(tags.BITS_ALLOCATED)} bits, which are not supported")
    _require_sound_bits(head)
    if head.transfer_syntax not in DECODABLE:
        raise Unusable(f"compressed in a way that cannot be read ({head.transfer_syntax})")
    if head.transfer_syntax == JPEG_EXTENDED and head.integer(tags.BITS_STORED, 16) > 8:
        raise Unusable("compressed as 12-bit JPEG Extended, which cannot be read")


def _require_sound_bits(head: Head) -> None:
    allocated = head.integer(tags.BITS_ALLOCATED, 16)
    stored = head.integer(tags.BITS_STORED, allocated)
    highest = head.integer(tags.HIGH_BIT, stored - 1)
    if not 1 <= stored <= highest + 1 <= allocated:
        raise Unusable(
            f"damaged: it claims {stored} bits, the highest {highest}, in pixels of {allocated} bits"
        )


def _without_pixels(kind: str) -> str:
    from pydicom.config import IGNORE
    from pydicom.uid import UID

    name = UID(kind, validation_mode=IGNORE).name if kind else ""
    if name.endswith("Image Storage"):
        return f"damaged: its pixels are missing ({name})"
    return f"holds no image ({name})" if name and name != kind else "holds no image"


def _require_all_pixels(head: Head, needed: int) -> None:
    if needed > LARGEST_COMPRESSION * head.size:
        raise Unusable(f"damaged: it claims {needed:,} bytes of pixels in a file of {head.size:,}")
    if head.cut_off:
        raise Unusable("cut off: its compressed pixels do not come to their end")
    if head.pixel_length is None or not head.pixel_offset:
        return
    present = min(head.pixel_length, head.size - head.pixel_offset)
    if present < needed:
        raise Unusable(f"cut off: {present:,} of {needed:,} bytes of pixels are there")
