"""The index of a medium (DICOMDIR): which of the files that it names are not there."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .heads import Unusable
from .volume_info import LeftOut

_REASON = "missing: the index of the medium (DICOMDIR) names it, but it is not there"


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that an index names and that is not where it says.

    instance_uid: SOPInstanceUID by which it may be known if it lies elsewhere; empty where none is stated.
    """

    file: LeftOut
    instance_uid: str


def missing_files(path: str) -> list[Missing]:
    """Files that a DICOMDIR names and that do not lie beside it; images remember their series.

    Names that lead out of its folder are ignored. Raises Unusable where the index cannot be read.
    """
    folder = Path(path).resolve().parent
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(_missing(_records(path), folder))
    except Exception as problem:  # pydicom leaks at least eight types on damaged files
        text = f"damaged: the index of a medium (DICOMDIR) that cannot be read ({type(problem).__name__})"
        raise Unusable(text) from problem


def _records(path: str) -> list[Any]:
    import pydicom

    return list(pydicom.dcmread(path, force=True).get("DirectoryRecordSequence") or [])


def _missing(records: list[Any], folder: Path) -> Iterator[Missing]:
    series_of = _series_of_images(records)
    for record in records:
        file = _file_of(record.get("ReferencedFileID"), folder)
        if file is not None and not file.exists():
            series = series_of.get(record.seq_item_tell, "")
            instance = str(record.get("ReferencedSOPInstanceUIDInFile", ""))
            yield Missing(LeftOut(file, _REASON, series), instance)


def _series_of_images(records: list[Any]) -> dict[int, str]:
    """SeriesInstanceUID by the place of an image's record; records point at each other by their places."""
    at = {record.seq_item_tell: record for record in records}
    found: dict[int, str] = {}
    for series in records:
        if series.get("DirectoryRecordType") != "SERIES":
            continue
        place = int(series.get("OffsetOfReferencedLowerLevelDirectoryEntity") or 0)
        while place in at and place not in found:
            is_image = at[place].get("DirectoryRecordType") == "IMAGE"
            found[place] = str(series.get("SeriesInstanceUID", "")) if is_image else ""
            place = int(at[place].get("OffsetOfTheNextDirectoryRecord") or 0)
    return found


def _file_of(parts: Any, folder: Path) -> Path | None:
    """The file that an identifier of one or several parts names, within the folder."""
    names = [parts] if isinstance(parts, str) else [str(part) for part in parts or []]
    file = folder.joinpath(*names)
    inside = bool(names) and ".." not in names and file.is_relative_to(folder)
    return file if inside else None
