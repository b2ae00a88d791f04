"""The frames of a DICOM SEG, decoded one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import InputError


def iterate_frames(dataset: Any, path: Path) -> Iterator[NDArray[Any]]:
    """Every frame of a SEG in order, shape (rows, columns), values as stored.

    Raises InputError where there are fewer pixels than the header promises, or they cannot be decoded.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    # Big-endian files swap the bytes of every 16 bits, which the decoder below undoes.
    if not syntax.is_transfer_syntax:
        raise _cannot_decode(dataset, path)
    if dataset.BitsAllocated == 1 and syntax.is_little_endian and not syntax.is_encapsulated:
        return _bits(dataset, path)
    return _decoded(dataset, path)


def _bits(dataset: Any, path: Path) -> Iterator[NDArray[np.uint8]]:
    """Bit by bit from the packed bytes: eight times less memory than decoding all frames at once."""
    rows, columns, frames = int(dataset.Rows), int(dataset.Columns), int(dataset.get("NumberOfFrames", 1))
    packed = np.frombuffer(dataset.PixelData, np.uint8)
    size = rows * columns
    if packed.size * 8 < size * frames:
        raise InputError(
            f"{path.name} is cut short: {packed.size} bytes of pixels for {frames} frames.",
            "Get the file again from its source.",
        )
    for number in range(frames):
        first, last = number * size, (number + 1) * size
        bits = np.unpackbits(packed[first // 8 : (last + 7) // 8], bitorder="little")
        yield bits[first % 8 : first % 8 + size].reshape(rows, columns)


def _decoded(dataset: Any, path: Path) -> Iterator[NDArray[Any]]:
    from pydicom.pixels import iter_pixels

    try:
        yield from iter_pixels(dataset)
    # Codecs raise whatever they like; each of it means that this file's pixels cannot be had.
    except Exception as error:
        raise _cannot_decode(dataset, path) from error


def _cannot_decode(dataset: Any, path: Path) -> InputError:
    return InputError(
        f"The pixels of {path.name} are damaged, or packed in a way that cannot be read "
        f"(transfer syntax {dataset.file_meta.TransferSyntaxUID.name}).",
        "Save it without compression and try again.",
    )
