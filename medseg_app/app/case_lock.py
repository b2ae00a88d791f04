"""One window writes a case; every other one opens it for reading."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from medseg_app.core.case import ReadOnly


class CaseLock:
    """Held until it is released, or until nobody has it any more. The system frees it when its window dies.

    release: lets go of the case and leaves no file beside it; a second call does nothing.
    """

    def __init__(self, lock: Any) -> None:
        self.release = weakref.finalize(self, let_go, lock)


def lock_case(path: Path) -> CaseLock | ReadOnly:
    """The lock of a case file, or why it cannot be had: another window, or a folder closed to writing."""
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return open_elsewhere(path.name)
    except OSError as error:
        return _closed_folder(path, error)
    return CaseLock(lock)


@contextmanager
def freed_on_failure(lock: CaseLock) -> Iterator[None]:
    """Let a lock go where the block fails: its error would hold on to it, and the next try find it taken."""
    try:
        yield
    except BaseException:
        lock.release()
        raise


def open_elsewhere(name: str) -> ReadOnly:
    """Another window writes this case."""
    return ReadOnly(f"{name} is open in another window.", "Go on there, or save it here under another name.")


def _closed_folder(path: Path, error: OSError) -> ReadOnly:
    folder, reason = path.absolute().parent, error.strerror or error
    return ReadOnly(
        f"{path.name} cannot be locked: its folder {folder} cannot be written to ({reason}).",
        "Save it in another folder, or ask for the right to write in this one.",
    )


def let_go(lock: Any) -> None:
    """Free a lock and leave no file."""
    # The file goes first: removed after the lock was freed it could be the one that another window has
    # just locked, and a third window would make and lock a new one. A window that waits for the removed
    # file is told by filelock that it has no name any more. Windows removes no open file; there filelock
    # does it afterwards, which fails where another window has it open.
    with suppress(OSError):
        Path(lock.lock_file).unlink()
    lock.release()
