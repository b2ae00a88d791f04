"""Standard error: progress and remarks, which never cost a command its result."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO


def aside(text: str, end: str = "\n") -> None:
    """Print on standard error; where its reader has gone or its disk is full, nobody hears it from then on."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        throw_away_the_rest(sys.stderr)


def throw_away_the_rest(stream: TextIO) -> None:
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
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
