"""One window writes a case; every other one opens it for reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def lock_case(path: Path) -> Any | None:
    """The lock of a case file, None where another window holds it (or the folder is read-only).

    The system frees the lock when the window that holds it dies.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return None
    return lock
