"""Long work in a process of its own: the window never waits for torch and survives what happens there.

The process ends with the window. Stopped, it ends at its next report, so that it can keep what it has; where
it takes too long for that, it is told to put away what it began and go, and at last it is killed.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

from medseg_app.core.errors import Cancelled, EngineError, MedsegError
from medseg_app.core.progress import Progress
from medseg_app.core.spawned import SPAWNED

T = TypeVar("T")

NICENESS = 10
WATCH_SECONDS = 0.1
PATIENCE_SECONDS = 60.0
"""How long stopped work may take to keep what it has."""
AT_ONCE = 0.3
"""The patience with work that has nothing to keep."""
SECONDS_TO_TIDY = 5.0


@dataclass(frozen=True)
class Step:
    """How far the work is."""

    fraction: float
    message: str


def run_apart(
    what: str, work: Callable[[Progress], T], progress: Progress, patience: float = PATIENCE_SECONDS
) -> T:
    """What `work` gives in another process; it must be a function of a module, or a partial of one.

    what: the work in a few words. patience: seconds that stopped work may take to keep what it has. What
    progress raises (Cancelled) stops the work. Raises what the work raised, EngineError where its process
    died.
    """
    mine, theirs = SPAWNED.Pipe()
    process = SPAWNED.Process(target=_serve, args=(theirs, what, work), name="medseg-apart")
    process.start()
    theirs.close()
    try:
        return _watch(mine, process, what, progress)  # type: ignore[no-any-return]
    finally:
        mine.close()  # work that still goes on takes it as the word to stop
        _end(process, patience)


def _end(process: SpawnProcess, patience: float) -> None:
    process.join(patience)
    if process.is_alive():
        process.terminate()
        process.join(SECONDS_TO_TIDY)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


def _watch(pipe: Connection, process: SpawnProcess, what: str, progress: Progress) -> Any:
    step = Step(0.0, "Starting")
    while True:
        progress(step.fraction, step.message)
        try:
            if not pipe.poll(WATCH_SECONDS):
                continue
            received = pipe.recv()
        except (EOFError, OSError) as error:
            process.join(1.0)
            raise EngineError(
                f"{what} stopped in mid-run (its process ended).",
                "Often the memory was full: close other programs and start it again.",
            ) from error
        if isinstance(received, Step):
            step = received
        elif isinstance(received, Exception):
            raise received
        else:
            return received


def _serve(pipe: Connection, what: str, work: Callable[[Progress], Any]) -> None:
    """The other process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    if hasattr(os, "nice"):
        os.nice(NICENESS)

    def report(fraction: float, message: str = "") -> None:
        try:
            pipe.send(Step(fraction, message))
        except OSError:
            raise Cancelled from None

    try:
        answer = work(report)
    except MedsegError as error:
        answer = error
    except Exception as error:  # noqa: BLE001 - whatever the work does, the window gets an answer
        traceback.print_exc()
        answer = EngineError(
            f"{what} stopped because of an error in it ({type(error).__name__}: {error}).",
            "Nothing was changed. Report this.",
        )
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is left to put away
    with suppress(OSError):
        pipe.send(answer)


def _leave(*_: object) -> None:
    """Ends what waits, for a server too; whatever is half made is put away on the way out."""
    raise Cancelled
