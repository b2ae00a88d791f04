"""The command line: reads the words, runs the command, turns errors into exit codes.

0 done, 1 could not be done, 2 wrong use or input, 3 done with something left out, 130 interrupted.
"""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from medseg_app.core.errors import Cancelled, InputError, MedsegError, OutOfMemory, WrongUse

from . import say
from .interrupt import stopped_by_signals
from .parser import Arguments, WrongWords, read_arguments
from .streams import aside


def main(words: Sequence[str] | None = None, *, at_the_end: bool = False) -> int:
    """Run one command and return its exit code.

    at_the_end: the process ends with it. An interrupt that comes while Python itself shuts down would
    end it as interrupted though its files are in place, so none is heard from then on.
    """
    given = list(sys.argv[1:] if words is None else words)
    say.never_fail_at_letters()
    try:
        arguments = read_arguments(given)
    except WrongWords as wrong:
        if "--json" in given:
            say.failure(WrongUse(wrong.message, wrong.hint))
        return 2
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except MedsegError as error:  # help and version are results as well
        return _told(error)
    with stopped_by_signals(deaf_afterwards=at_the_end):
        return _run(arguments)


def _run(arguments: Arguments) -> int:
    def command() -> int:
        module: Any = import_module(f"medseg_app.cli.{arguments.command}_command")
        return int(module.run(arguments))

    return guarded(command, arguments)


def guarded(work: Callable[[], int], arguments: Arguments) -> int:
    """Do work that returns an exit code; errors are told in words and become one."""
    try:
        return work()
    except KeyboardInterrupt:
        return _failed(Cancelled("Interrupted."), arguments)
    except MedsegError as error:
        return _failed(error, arguments)
    except MemoryError:
        return _failed(OutOfMemory("The computer ran out of memory.", "Close other programs."), arguments)
    except Exception as error:  # noqa: BLE001
        if isinstance(error, OSError) and error.errno in _NAMES:
            text = f"{error.filename or 'A file'} cannot be opened ({error.strerror})."
            return _failed(InputError(text, "Check its name and your right to read it."), arguments)
        # A bug: say so in one line; whoever reports it can see the traceback with --debug.
        text = f"MedSeg itself failed ({type(error).__name__}: {error})."
        return _failed(MedsegError(text, "Run it again with --debug and report what it says."), arguments)


_NAMES = {errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP}
"""What is wrong with a name that a user gave, or with the right to it; no bug."""


def _failed(error: MedsegError, arguments: Arguments) -> int:
    if arguments.debug:
        aside(traceback.format_exc(), end="")
    if arguments.json:
        say.failure(error)
    return _told(error)


def _told(error: MedsegError) -> int:
    aside(f"medseg: {error.message}")
    if error.hint:
        aside(f"        {error.hint}")
    return error.exit_code
