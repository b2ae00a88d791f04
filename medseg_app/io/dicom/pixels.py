"""Stored pixels of one frame and how they become real values."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .volume_info import Frame, PixelFormat

Stored = NDArray[Any]


class OutOfRange(Exception):
    """A real value does not fit the 16-bit array that was to hold it."""


class Unreadable(Exception):
    """The pixels of a frame cannot be read; the text is the reason, as a user reads it."""


def stored_type(pixels: PixelFormat) -> np.dtype[Any]:
    """The little endian type in which pixels lie in a file."""
    return np.dtype(f"<{'i' if pixels.signed else 'u'}{pixels.bits_allocated // 8}")


def may_fit_int16(frame: Frame) -> bool:
    """Whether the real values of a frame are whole numbers that may fit 16 bits."""
    whole = float(frame.slope).is_integer() and float(frame.intercept).is_integer()
    return whole and frame.format.bits_allocated <= 16 and not frame.format.has_lookup_table


def read_frame(frame: Frame, out: Stored) -> None:
    """Read an uncompressed frame and put its real values into a plane (rows, columns).

    The plane is int16 or float32. Raises OutOfRange where int16 cannot hold a value, else Unreadable.
    """
    if out.dtype == np.int16 and frame.format.bits_allocated == 16 and out.flags.c_contiguous:
        stored = out.view(stored_type(frame.format))
        _read_into(frame, stored)
        _to_int16_in_place(stored, frame)
        return
    stored = np.empty(out.shape, stored_type(frame.format))
    _read_into(frame, stored)
    put_real_values(stored, frame, out)


def put_real_values(stored: Stored, frame: Frame, out: Stored) -> None:
    """Put the real values of stored pixels into a plane. Raises OutOfRange as `read_frame` does."""
    stored = _unpacked(stored, frame.format)
    if out.dtype == np.int16:
        _require_range(stored, frame)
        np.multiply(stored, int(frame.slope), out=out, casting="unsafe", dtype=np.int32)
        out += np.int16(frame.intercept)
        return
    real = np.multiply(stored, frame.slope, dtype=np.float64)
    real += frame.intercept
    out[...] = real


def decode_frames(path: str, numbers: Iterable[int]) -> Iterator[Stored]:
    """Stored pixels of frames (1-based) of a file that needs a decoder. Raises Unreadable."""
    import pydicom
    from pydicom.pixels import apply_modality_lut, iter_pixels

    from .head_pydicom import state_transfer_syntax

    indices = [number - 1 for number in numbers]
    dataset = _or_unreadable(lambda: pydicom.dcmread(path, force=True))
    state_transfer_syntax(dataset)
    has_table = _or_unreadable(lambda: "ModalityLUTSequence" in dataset)
    frames = iter_pixels(dataset, indices=indices, raw=True)
    while (stored := _or_unreadable(lambda: next(frames, None))) is not None:
        yield _or_unreadable(partial(apply_modality_lut, stored, dataset)) if has_table else stored


def _or_unreadable(step: Callable[[], Any]) -> Any:
    """What a step of decoding gives. Raises Unreadable for whatever it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return step()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as problem:  # decoders written in Rust raise past Exception
        raise Unreadable("damaged: its pixels cannot be decoded") from problem


def _read_into(frame: Frame, stored: Stored) -> None:
    try:
        descriptor = os.open(frame.file, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            count = _read_at(descriptor, stored, frame.offset)
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise Unreadable(f"it cannot be read ({problem.strerror})") from problem
    if count != stored.nbytes:
        raise Unreadable("cut off: not all of its pixels are there")


def _read_at(descriptor: int, stored: Stored, offset: int) -> int:
    target, done = memoryview(stored.reshape(-1).view(np.uint8).data), 0
    if hasattr(os, "preadv"):
        while done < len(target) and (count := os.preadv(descriptor, [target[done:]], offset + done)):
            done += count
        return done
    with os.fdopen(os.dup(descriptor), "rb", buffering=0) as file:  # Windows has no preadv
        file.seek(offset)
        while done < len(target) and (count := file.readinto(target[done:])):
            done += count
    return done


def _unpacked(stored: Stored, pixels: PixelFormat) -> Stored:
    """Stored values without the bits that are none of theirs (old overlays, filled-up high bits)."""
    if pixels.has_lookup_table or pixels.bits_stored >= pixels.bits_allocated:
        return stored
    shift = max(pixels.high_bit + 1 - pixels.bits_stored, 0)
    if not pixels.signed:
        unsigned = stored >> shift if shift else stored
        return np.asarray(unsigned & unsigned.dtype.type((1 << pixels.bits_stored) - 1))
    spare = pixels.bits_allocated - pixels.bits_stored
    # Up to the sign's place and back: an arithmetic shift of a signed type repeats the sign.
    return np.asarray((stored << (spare - shift)) >> spare)


def _to_int16_in_place(stored: Stored, frame: Frame) -> None:
    if frame.format.bits_stored < 16:
        stored[...] = _unpacked(stored, frame.format)
    _require_range(stored, frame)
    real = stored.view(np.int16)
    slope, intercept = int(frame.slope), int(frame.intercept)
    # Whole numbers modulo 65536: right because the true results were seen to fit 16 bits.
    if slope != 1:
        real *= np.array(slope).astype(np.int16)
    if intercept:
        real += np.array(intercept).astype(np.int16)


def _require_range(stored: Stored, frame: Frame) -> None:
    pixels, slope, intercept = frame.format, frame.slope, frame.intercept
    low = -(1 << (pixels.bits_stored - 1)) if pixels.signed else 0
    high = (1 << (pixels.bits_stored - int(pixels.signed))) - 1
    if _fits(low * slope + intercept, high * slope + intercept):
        return
    lowest = int(stored.min()) if pixels.signed else 0
    if not _fits(lowest * slope + intercept, int(stored.max()) * slope + intercept):
        raise OutOfRange


def _fits(one_end: float, other_end: float) -> bool:
    return max(one_end, other_end) <= 32767 and min(one_end, other_end) >= -32768
