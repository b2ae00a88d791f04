"""Standard output and standard error, whatever became of them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from medseg_app.core.errors import CouldNotBeDone


def print_result(text: str, end: str = "\n") -> None:
    """Print on standard output. Raises CouldNotBeDone where there is no room for it."""
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        # Whoever reads has seen enough (`| head`). Nothing may be left to flush when Python ends.
        _throw_away_the_rest(sys.stdout)
    except OSError as error:
        _throw_away_the_rest(sys.stdout)
        raise CouldNotBeDone(
            f"The result could not be written to standard output ({error.strerror}).",
            "Send it to a place that has room.",
        ) from error


def aside(text: str, end: str = "\n") -> None:
    """Print on standard error: remarks and progress, which never cost a command its result."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        _throw_away_the_rest(sys.stderr)


def _throw_away_the_rest(stream: TextIO) -> None:
    """Send to nowhere what a stream still holds and will get: Python would fail at it again at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def open_closed_streams() -> None:
    """Open streams that whoever started us closed (`2>&-`, some schedulers), to nowhere.

    Otherwise Python has none to print on, and the next file that is opened gets the number of standard
    error, into which libraries then write.
    """
    with suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            os.set_inheritable(number, True)
        os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
