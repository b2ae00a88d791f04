"""Unpacking a ZIP that a stranger made: every name stays inside, and no more comes out than fits."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from medseg_app.core.errors import CouldNotBeDone, ModelError

MAX_BYTES = 8 * 1024**3
MAX_ENTRIES = 2000
MAX_RATIO = 200
"""Weights hardly shrink; a file that grows by more is made to fill the disk."""
SMALL = 10 * 1024**2
CHUNK = 1024**2
HINT = "Do not use this file; download the model again from its maker."


def unpack(path: Path, folder: Path) -> None:
    """Unpack a ZIP into an empty folder.

    Raises ModelError for names that lead out of the folder, links, special files, two files of one name
    and archives that unpack to too much; CouldNotBeDone where the disk is full.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check(entries, path)
            for entry in entries:
                _write(archive, entry, folder / entry.filename)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise ModelError(f"{path} is not a ZIP file that can be read ({error}).", HINT) from error
    except OSError as error:
        raise CouldNotBeDone(
            f"{path} cannot be unpacked ({error.strerror or error}).", "Free some space and try again."
        ) from error


def _check(entries: list[zipfile.ZipInfo], path: Path) -> None:
    if len(entries) > MAX_ENTRIES:
        raise ModelError(f"{path} holds more than {MAX_ENTRIES} files, so it is not a model.", HINT)
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if size > MAX_BYTES or (size > SMALL and size > MAX_RATIO * max(packed, 1)):
        raise ModelError(f"{path} would unpack to {size / 1e9:,.1f} GB, which no model needs.", HINT)
    for entry in entries:
        _check_name(entry, path)
    files = [PurePosixPath(entry.filename.lower()) for entry in entries]
    folders = {folder for file in files for folder in file.parents}
    if len({*files}) != len(files) or folders & {*files}:
        raise ModelError(f"{path} holds two files of one name.", HINT)


def _check_name(entry: zipfile.ZipInfo, path: Path) -> None:
    name = entry.filename
    pure = PurePosixPath(name)
    strange = any(letter in name for letter in '\\:\0<>"|?*') or not name.isprintable()
    if pure.is_absolute() or ".." in pure.parts or strange or len(name) > 200:
        raise ModelError(f"{path} holds the name {name[:80]!r}, which could lead out of its folder.", HINT)
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise ModelError(f"{path} holds {name[:80]!r}, a link or special file.", HINT)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """zipfile itself stops at the size that the entry states, and then compares its checksum."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as data, target.open("xb") as out:
        shutil.copyfileobj(data, out, CHUNK)
