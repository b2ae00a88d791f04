"""Files appear whole under their name or not at all."""

from __future__ import annotations

import errno
import os
import platform
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from zlib import crc32

from medseg_app.core.errors import CouldNotBeDone, WrongUse

_FULL = {errno.ENOSPC, errno.EDQUOT}
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def replacing(path: Path, suffix: str | None = None) -> Iterator[Path]:
    """Yield a temporary path in the same folder that takes the place of `path` when the block ends well.

    suffix: ending of the temporary name (readers go by it); the suffix of `path` if not given.
    Raises WrongUse where the folder does not exist, CouldNotBeDone where it cannot be written to or
    the disk is full. Whatever goes wrong, the temporary file is removed and `path` stays as it was.
    """
    check_writable(path)
    ending = path.suffix if suffix is None else suffix
    remove_remains(path.parent)
    temporary = path.with_name(f"{temporary_prefix()}{secrets.token_hex(6)}{ending}")
    try:
        yield temporary
        _sync_file(temporary)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise readable(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Raise WrongUse where a file of this name cannot exist: no such folder, or a folder of that name."""
    try:
        if not path.parent.is_dir():
            raise WrongUse(f"The folder {path.parent} does not exist.", "Create it or choose another one.")
        if path.is_dir():
            raise WrongUse(f"{path} is a folder.", "Give the name of a file in it.")
    except OSError as error:
        raise readable(error, path) from error


def temporary_prefix() -> str:
    """How names of temporary files of this process begin: with a mark of the computer, and its number."""
    return f"{_mark()}{os.getpid()}-"


def remove_remains(folder: Path) -> None:
    """Remove temporary files and folders that a process of this computer left when it was killed."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            number = entry.name.removeprefix(_mark()).split("-")[0]
            if entry.name.startswith(_mark()) and number.isdecimal() and not _is_running(int(number)):
                _remove(Path(entry.path))


def _mark() -> str:
    return f".medseg-{crc32(platform.node().encode()):08x}-"


def _is_running(process: int) -> bool:
    """Whether a process of this number runs; where the system cannot be asked (Windows), taken for yes."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def readable(error: OSError, path: Path) -> Exception:
    """The error that tells a user why a file could not be written."""
    if error.errno in _FULL:
        return CouldNotBeDone(
            f"{path.name} was not written: the disk of {path.parent} is full.",
            "Free some space or choose another folder, then export again.",
        )
    if error.errno in _CLOSED:
        return CouldNotBeDone(
            f"{path.name} was not written: {path.parent} is read-only for you.",
            "Choose another folder or ask for the right to write there.",
        )
    if error.errno == errno.ENAMETOOLONG:
        return WrongUse(f"The name {path.name} is too long.", "Give a shorter one.")
    return CouldNotBeDone(
        f"{path.name} was not written: {error.strerror or error}.", "Try again or choose another folder."
    )


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder, and its rename needs no such step.
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
