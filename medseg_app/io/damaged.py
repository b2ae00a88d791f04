"""Whatever type of error a parser raises on a damaged file, the user is told which file it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medseg_app.core.errors import InputError, MedsegError


@contextmanager
def readable(path: Path, kind: str) -> Iterator[None]:
    """Turn any error of a parser inside the block into an InputError that names the file and its kind."""
    try:
        yield
    except MedsegError:
        raise
    # Parsers raise a dozen types on damaged headers and streams; all say the same to the user.
    except Exception as error:
        raise InputError(
            f"{path.name} cannot be read as {kind}.", "It is damaged or of another kind; get it again."
        ) from error
