"""A checkpoint of torch's (.pt, .pth): what it is, and a copy of it that holds nothing but numbers.

Such a file is a ZIP with one pickle, which names functions that Python calls when it is loaded, and
one entry per tensor. The names are compared with a list, without loading anything, and the entries are
copied into a new ZIP, so that what was looked at is what is loaded. Before torch 1.6 it was a row of
pickles with the tensors' bytes behind them, as torchvision's first COCO weights still are.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Literal

from medseg_app.core.errors import ModelError

from .pickle_scan import MAX_PICKLE, SAVE_AGAIN, scan_pickle

MAX_BYTES = 4 * 1024**3
MAX_ENTRIES = 50_000
NEEDED = re.compile(r"[^/\\]+/(?:data\.pkl|version|byteorder|data/[0-9]+)")
"""Entries of the ZIP that weights need: the pickle, the tensors, the version and the byte order."""

OLD_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The pickle of a number with which files from before torch 1.6 begin."""
OLD_PICKLES = 5
"""That number, the protocol, the system, the table of weights and the order of the tensors' bytes."""

Kind = Literal["checkpoint", "torchscript", "neither"]


def kind_of(path: Path) -> Kind:
    """Tell from the names in the ZIP what a file is; nothing is loaded."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {"/".join(PurePosixPath(name).parts[1:]) for name in archive.namelist()}
    except (OSError, ValueError, zipfile.BadZipFile):
        return "neither"
    if "constants.pkl" in names or any(name.startswith("code/") for name in names):
        return "torchscript"
    return "checkpoint" if "data.pkl" in names else "neither"


def copy_numbers(source: Path, target: Path) -> None:
    """Copy a checkpoint whose pickle rebuilds tensors and plain values only.

    Raises ModelError where it is no such file, names anything else, or is larger than a model may be.
    """
    if _is_old(source):
        _copy_old(source, target)
        return
    try:
        with zipfile.ZipFile(source) as archive:
            entries = _entries(archive, source)
            pickle = next(entry for entry in entries if PurePosixPath(entry.filename).name == "data.pkl")
            scan_pickle(archive.read(pickle), source)
            with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
                for entry in entries:
                    with archive.open(entry) as data, copy.open(entry.filename, "w", force_zip64=True) as out:
                        shutil.copyfileobj(data, out, 1024**2)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise ModelError(f"{source} is not a checkpoint that torch wrote.", SAVE_AGAIN) from error


def _entries(archive: zipfile.ZipFile, source: Path) -> list[zipfile.ZipInfo]:
    wanted = [entry for entry in archive.infolist() if NEEDED.fullmatch(entry.filename)]
    names = [entry.filename for entry in wanted]
    pickles = [entry for entry in wanted if entry.filename.endswith("/data.pkl")]
    if len(pickles) != 1 or len(set(names)) != len(names) or len(names) > MAX_ENTRIES:
        raise ModelError(f"{source} is not a checkpoint that torch wrote.", SAVE_AGAIN)
    if sum(entry.file_size for entry in wanted) > MAX_BYTES or pickles[0].file_size > MAX_PICKLE:
        raise ModelError(f"{source} is larger than a model may be (4 GB).", "Use a smaller model.")
    return wanted


def _is_old(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(OLD_START)) == OLD_START


def _copy_old(source: Path, target: Path) -> None:
    """Copy a file from before torch 1.6 and scan the copy, for that is what will be loaded."""
    if source.stat().st_size > MAX_BYTES:
        raise ModelError(f"{source} is larger than a model may be (4 GB).", "Use a smaller model.")
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        head = BytesIO(file.read(MAX_PICKLE))
    for _ in range(OLD_PICKLES):
        scan_pickle(head, source)
