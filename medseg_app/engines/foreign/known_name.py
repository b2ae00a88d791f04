"""Errors about a copy that is gone when they are read name what the user knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medseg_app.core.errors import MedsegError, ModelError


@contextmanager
def known_as(copy: Path, name: Path | str) -> Iterator[None]:
    """Errors of the block say `name` for the copy; a model that is refused without either says it too."""
    try:
        yield
    except MedsegError as error:
        message = error.message.replace(str(copy), str(name))
        if isinstance(error, ModelError) and str(name) not in message:
            message = f"{name} is not taken. {message}"
        if message == error.message:
            raise
        raise type(error)(message, error.hint) from error
