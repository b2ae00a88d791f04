"""The index of a medium (DICOMDIR): which of the files that it names are not there."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from .heads import Unusable
from .volume_info import LeftOut

_REASON = "missing: the index of the medium (DICOMDIR) names it, but it is not there"


def missing_files(path: str) -> list[LeftOut]:
    """Files that a DICOMDIR names and that do not lie beside it.

    Names that lead out of its folder are ignored. Raises Unusable where the index cannot be read.
    """
    folder = Path(path).resolve().parent
    named = [file for record in _records(path) if (file := _file_of(record, folder)) is not None]
    return [LeftOut(file, _REASON) for file in named if not file.exists()]


def _records(path: str) -> list[Any]:
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            records = pydicom.dcmread(path, force=True).get("DirectoryRecordSequence") or []
            return [record.get("ReferencedFileID") for record in records]
    except Exception as problem:  # pydicom leaks at least eight types on damaged files
        text = f"damaged: the index of a medium (DICOMDIR) that cannot be read ({type(problem).__name__})"
        raise Unusable(text) from problem


def _file_of(parts: Any, folder: Path) -> Path | None:
    """The file that an identifier of one or several parts names, within the folder."""
    names = [parts] if isinstance(parts, str) else [str(part) for part in parts or []]
    file = folder.joinpath(*names)
    inside = bool(names) and ".." not in names and file.is_relative_to(folder)
    return file if inside else None
