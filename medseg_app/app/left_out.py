"""What to tell about files that could not be listed as images, or not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medseg_app.core.errors import GeometryError

HARMLESS = ("not a DICOM file", "holds no image", "not an image", "a DICOMDIR", "the same image")
"""Reasons that a reader need not hear of where images were found beside such files."""
SEG_STORAGES = (b"1.2.840.10008.5.1.4.1.1.66.4", b"1.2.840.10008.5.1.4.1.1.66.7")
"""Segmentation Storage, and the later one of label maps."""
HEAD = 2048


def nothing_found(place: Path, left_out: Sequence[Any]) -> str:
    """Why a folder or file gave no series, in one sentence."""
    if len(left_out) == 1:
        return f"{left_out[0].path.name} cannot be opened: {left_out[0].reason}."
    worth = [item for item in left_out if not _is_harmless(item)]
    why = f" {_example(worth)}" if worth else ""
    return f"No DICOM images were found in {place.name}.{why}"


def left_behind(left_out: Sequence[Any]) -> str:
    """Which images of a folder are missing from the list; empty where none is."""
    worth = [item for item in left_out if not _is_harmless(item)]
    if not worth:
        return ""
    count = "1 file was" if len(worth) == 1 else f"{len(worth)} files were"
    return f"{count} left out. {_example(worth)}"


@contextmanager
def gap_explained(left_out: Sequence[str]) -> Iterator[None]:
    """Name the slices that could not be read where the grid is refused: they are what a user can mend."""
    try:
        yield
    except GeometryError as error:
        if not left_out:
            raise
        raise GeometryError(f"{error.message} Left out: {'; '.join(left_out)}.", error.hint) from error


def is_dicom_seg(path: Path) -> bool:
    """Whether a file says in its head that it is a DICOM segmentation."""
    if not path.is_file():  # a pipe would be waited for
        return False
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return any(storage in head for storage in SEG_STORAGES)


def _example(items: Sequence[Any]) -> str:
    return f"{items[0].path.name}: {items[0].reason}."


def _is_harmless(item: Any) -> bool:
    return any(reason in item.reason for reason in HARMLESS)
