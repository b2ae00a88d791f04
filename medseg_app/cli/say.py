"""What commands print: results on standard output, progress and remarks on standard error."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from medseg_app.core.errors import CouldNotBeDone, MedsegError
from medseg_app.core.progress import Progress, silent

from .interrupt import forget_interrupts
from .parser import Arguments
from .streams import aside, print_result

if TYPE_CHECKING:
    from medseg_app.io.export_options import Written

DONE, LEFT_OUT = 0, 3


def result(arguments: Arguments, document: Any, text: str) -> None:
    """Print the result: the document with --json, the text otherwise.

    Raises CouldNotBeDone where it cannot be printed: then the command failed, and its outputs go.
    """
    work_is_done()  # half a document would be none
    print_result(json.dumps(document, indent=2, allow_nan=False) if arguments.json else text)


def failure(error: MedsegError) -> None:
    """Print an error as the one document of --json; it stands on standard error as well."""
    with suppress(CouldNotBeDone):
        print_result(json.dumps({"error": {"message": error.message, "hint": error.hint}}))


def never_fail_at_letters() -> None:
    """Letters that a terminal cannot show are printed as \\xNN: they must not end a command."""
    for stream in (sys.stdout, sys.stderr):
        # Where no language is set (LC_ALL=C) it is "surrogateescape", which fails at letters as well.
        fails = getattr(stream, "errors", "") in ("strict", "surrogateescape")
        if fails and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def work_is_done() -> None:
    """The files are in place: an interrupt while the result is printed comes too late to take them back."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    forget_interrupts()


def remarks(arguments: Arguments, texts: Iterable[str]) -> None:
    """Say what a user should know."""
    if not arguments.quiet:
        for text in texts:
            aside(f"note: {text}")


def left_out(texts: Iterable[str]) -> None:
    """Name what did not come along; never silenced."""
    for text in texts:
        aside(f"left out: {text}")


def outputs(written: Iterable[Written]) -> str:
    """One line per output: where it is and who verified it, or why there is none."""
    lines = [
        f"{item.path}  (verified by {item.reader})"
        if item.written
        else f"{item.path}  not written: {item.reason}"
        for item in written
    ]
    return "\n".join(lines)


def progress_of(arguments: Arguments) -> Progress:
    """A progress line on standard error: rewritten on a terminal, a line per stage elsewhere."""
    if arguments.quiet:
        return silent
    return _Line(sys.stderr.isatty())


class _Line:
    def __init__(self, terminal: bool) -> None:
        self._terminal = terminal
        self._message = ""
        self._next = 0.0

    def __call__(self, fraction: float, message: str = "") -> None:
        now = time.monotonic()
        if self._terminal:
            if now >= self._next or fraction >= 1.0:
                self._next = now + 0.1
                end = "\n" if fraction >= 1.0 else ""
                aside(f"\r\033[K{fraction:4.0%}  {message}", end)
        elif message and message != self._message and now >= self._next:
            self._message, self._next = message, now + 2.0
            aside(f"{fraction:4.0%}  {message}")
