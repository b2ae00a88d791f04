"""The file that stands under a name before a command writes there, kept until the command ended well."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .atomic import readable, temporary_prefix


@contextmanager
def earlier_file(path: Path) -> Iterator[Path | None]:
    """Yield a second name, in the same folder, of what stands under `path`; None where nothing does.

    The second name is gone when the block ends, unless it was renamed back. Raises CouldNotBeDone where
    the folder cannot be written to or the disk is full.
    """
    if not os.path.lexists(path):
        yield None
        return
    second = path.with_name(f"{temporary_prefix()}{secrets.token_hex(6)}.earlier")
    try:
        _name_again(path, second)
        yield second
    finally:
        with suppress(OSError):
            second.unlink(missing_ok=True)


def _name_again(path: Path, second: Path) -> None:
    """A link costs nothing; file systems that know none, such as exFAT, get a copy."""
    try:
        os.link(path, second, follow_symlinks=False)
    except (OSError, NotImplementedError):
        try:
            shutil.copy2(path, second, follow_symlinks=False)
        except OSError as error:
            raise readable(error, path) from error
