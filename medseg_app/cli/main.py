"""The command line: reads the words, runs the command, turns errors into exit codes.

0 done, 1 could not be done, 2 wrong use or input, 3 done with something left out, 130 interrupted.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from medseg_app.core.errors import Cancelled, MedsegError

from .parser import Arguments, read_arguments


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        arguments = read_arguments(words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        command: Any = import_module(f"medseg_app.cli.{arguments.command}_command")
        return int(command.run(arguments))
    except KeyboardInterrupt:
        return _failed(Cancelled("Interrupted."), arguments)
    except MedsegError as error:
        if arguments.debug:
            raise
        return _failed(error, arguments)
    except MemoryError:
        return _failed(MedsegError("The computer ran out of memory.", "Close other programs."), arguments)
    except Exception as error:
        if arguments.debug:
            raise
        # A bug: say so in one line; whoever reports it can see the traceback with --debug.
        text = f"MedSeg itself failed ({type(error).__name__}: {error})."
        return _failed(MedsegError(text, "Run it again with --debug and report what it says."), arguments)


def _failed(error: MedsegError, arguments: Arguments) -> int:
    print(f"medseg: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"        {error.hint}", file=sys.stderr)
    if arguments.json:
        print(json.dumps({"error": {"message": error.message, "hint": error.hint}}))
    return error.exit_code


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
