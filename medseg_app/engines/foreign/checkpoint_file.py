"""A checkpoint of torch's (.pt, .pth): what it is, and a copy of it that holds nothing but numbers.

Such a file is a ZIP with one pickle, which names functions that Python calls when it is loaded, and
one entry per tensor. The names are compared with a list, without loading anything, and the entries are
copied into a new ZIP, so that what was looked at is what is loaded.
"""

from __future__ import annotations

import pickletools
import re
import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import Literal

from medseg_app.core.errors import ModelError

MAX_BYTES = 4 * 1024**3
MAX_PICKLE = 64 * 1024**2
MAX_ENTRIES = 50_000
OPCODES = frozenset(
    re.findall(
        r"\w+",
        """PROTO STOP MARK EMPTY_DICT EMPTY_LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 DICT LIST
        BINPUT LONG_BINPUT PUT BINGET LONG_BINGET GET BINUNICODE SHORT_BINUNICODE UNICODE
        BININT BININT1 BININT2 INT LONG LONG1 FLOAT BINFLOAT NONE NEWTRUE NEWFALSE
        BINPERSID REDUCE BUILD SETITEM SETITEMS APPEND APPENDS GLOBAL""",
    )
)
STORAGES = "Float Half BFloat16 Double Long Int Short Char Byte Bool"
GLOBALS = frozenset(
    {
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        "torch Size",
        "torch device",
        "numpy dtype",
        "numpy.core.multiarray scalar",
        "numpy._core.multiarray scalar",
        "_codecs encode",
        *(f"torch {kind}Storage" for kind in STORAGES.split()),
    }
)
"""What the weights of a network need. Everything else is refused by its name."""

NEEDED = re.compile(r"[^/\\]+/(?:data\.pkl|version|byteorder|data/[0-9]+)")
"""Entries of the ZIP that weights need: the pickle, the tensors, the version and the byte order."""

SAVE_AGAIN = "Ask its authors for the weights alone (torch.save of a state_dict) or for safetensors."
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
    try:
        with zipfile.ZipFile(source) as archive:
            entries = _entries(archive, source)
            pickle = next(entry for entry in entries if PurePosixPath(entry.filename).name == "data.pkl")
            _scan(archive.read(pickle), source)
            with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
                for entry in entries:
                    with archive.open(entry) as data, copy.open(entry.filename, "w", force_zip64=True) as out:
                        shutil.copyfileobj(data, out, 1024**2)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise ModelError(
            f"{source} is not a checkpoint that torch 1.6 or later wrote.", SAVE_AGAIN
        ) from error


def _entries(archive: zipfile.ZipFile, source: Path) -> list[zipfile.ZipInfo]:
    wanted = [entry for entry in archive.infolist() if NEEDED.fullmatch(entry.filename)]
    names = [entry.filename for entry in wanted]
    pickles = [entry for entry in wanted if entry.filename.endswith("/data.pkl")]
    if len(pickles) != 1 or len(set(names)) != len(names) or len(names) > MAX_ENTRIES:
        raise ModelError(f"{source} is not a checkpoint that torch 1.6 or later wrote.", SAVE_AGAIN)
    if sum(entry.file_size for entry in wanted) > MAX_BYTES or pickles[0].file_size > MAX_PICKLE:
        raise ModelError(f"{source} is larger than a model may be (4 GB).", "Use a smaller model.")
    return wanted


def _scan(pickle: bytes, source: Path) -> None:
    try:
        for opcode, argument, _ in pickletools.genops(pickle):
            if opcode.name == "GLOBAL" and argument not in GLOBALS:
                _refuse(f"calls {str(argument).replace(' ', '.')} when it is loaded", source)
            if opcode.name not in OPCODES:
                _refuse(f"holds the instruction {opcode.name}", source)
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise ModelError(f"{source} is damaged ({error}).", SAVE_AGAIN) from error


def _refuse(what: str, source: Path) -> None:
    raise ModelError(
        f"{source} {what}, which weights do not need and which could run code on this computer.", SAVE_AGAIN
    )
