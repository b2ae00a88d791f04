"""The head of a file that is not walked by us, made by pydicom: big endian, deflated, odd encodings."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from struct import pack
from typing import Any

from . import tags
from .heads import BIG_ENDIAN, EXPLICIT, IMPLICIT, Head, Unusable


def head_by_pydicom(path: str, size: int) -> Head:
    """Read a head with pydicom. Raises Unusable with the reason."""
    dataset = read_dataset(path)
    values = {}
    for number in tags.WANTED:
        raw = _raw_value(dataset, number)
        if raw is not None:
            values[number] = raw
    values[tags.CHARACTER_SET] = b"ISO_IR 192"
    return Head(path, size, str(dataset.file_meta.TransferSyntaxUID), values, dataset=dataset)


def state_transfer_syntax(dataset: Any) -> None:
    """Let a data set that was read say how it is encoded, where its file had no words about that."""
    from pydicom.dataset import FileMetaDataset

    meta = getattr(dataset, "file_meta", None) or FileMetaDataset()
    if "TransferSyntaxUID" not in meta:
        implicit, little = dataset.original_encoding
        meta.TransferSyntaxUID = IMPLICIT if implicit else EXPLICIT if little else BIG_ENDIAN
    dataset.file_meta = meta


def read_dataset(path: str) -> Any:
    """The whole data set before the pixels. Raises Unusable with the reason."""
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what pydicom warns of is either harmless or found by the scan
            dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            dataset.decode()
            state_transfer_syntax(dataset)
    except Exception as problem:  # pydicom leaks at least eight types on damaged files
        raise Unusable(f"damaged: it cannot be understood as DICOM ({type(problem).__name__})") from problem
    if "SOPClassUID" not in dataset and "Rows" not in dataset:
        raise Unusable("damaged: it cannot be understood as DICOM (no kind of object is stated)")
    return dataset


def _raw_value(dataset: Any, number: int) -> bytes | None:
    """The value as the walker would have kept it, little endian and UTF-8."""
    key = (tags.group_of(number), number >> 16)
    if key[0] == 2 or key not in dataset:
        return None
    if number in tags.SEQUENCES:
        return b""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return encoded(number, dataset[key].value)
    except Exception:  # noqa: BLE001  a value that pydicom cannot convert counts as absent
        return None


def encoded(number: int, value: Any) -> bytes | None:
    """A value of a pydicom data set as the walker would have kept it; None where there is none."""
    if value is None:
        return None
    many = list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    if number in tags.NUMBERS_IN_TWO_BYTES:
        return pack("<H", int(many[0]) & 0xFFFF)
    if number == tags.PIXEL_PADDING:
        return pack("<H", int(many[0]) & 0xFFFF)
    if number in tags.EIGHT_BYTE_NUMBERS:
        return pack(f"<{len(many)}d", *(float(entry) for entry in many))
    if isinstance(value, bytes):
        return value
    return "\\".join(str(entry) for entry in many).encode()
