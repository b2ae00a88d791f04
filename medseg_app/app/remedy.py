"""The next step after an error, in words of the command in which it happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from medseg_app.core.errors import MedsegError


@contextmanager
def remedy(kind: type[MedsegError], hint: str) -> Iterator[None]:
    """Give errors of a kind inside the block a hint that names only what the command has."""
    try:
        yield
    except kind as error:
        raise kind(error.message, hint) from error
