"""A training in a process of its own: the window never waits for torch and survives what happens there.

The process ends with the window, keeping what was learnt; stopped, it does the same.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from medseg_app.core.errors import Cancelled, EngineError, MedsegError
from medseg_app.core.progress import Progress

from .train import HowToTrain

NICENESS = 10
WATCH_SECONDS = 0.1
PATIENCE_SECONDS = 60.0
"""How long a stopped training may take to write its checkpoint."""


@dataclass(frozen=True)
class Step:
    """How far a training is."""

    fraction: float
    message: str


def train_apart(path: Path, how: HowToTrain, progress: Progress) -> Path:
    """Train in another process; the folder of the finished model.

    What progress raises (Cancelled) stops the training, which keeps a checkpoint to go on from. Raises what
    the training raised, EngineError where its process died.
    """
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, path, how), name="medseg-training")
    process.start()
    theirs.close()
    try:
        return _watch(mine, process, progress)
    finally:
        mine.close()  # a training that still runs takes it as the word to stop
        process.join(PATIENCE_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def _watch(pipe: Connection, process: SpawnProcess, progress: Progress) -> Path:
    step = Step(0.0, "Starting the training")
    while True:
        progress(step.fraction, step.message)
        try:
            if not pipe.poll(WATCH_SECONDS):
                continue
            received = pipe.recv()
        except (EOFError, OSError) as error:
            process.join(1.0)
            raise EngineError(
                "The training stopped in mid-run (its process ended).",
                "Often the memory was full: close other programs and train again; it goes on where it was.",
            ) from error
        if isinstance(received, Step):
            step = received
        elif isinstance(received, Exception):
            raise received
        else:
            return Path(received)


def _serve(pipe: Connection, path: Path, how: HowToTrain) -> None:
    """The other process."""
    from .train import train_model

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)

    def report(fraction: float, message: str = "") -> None:
        try:
            pipe.send(Step(fraction, message))
        except OSError:
            raise Cancelled from None

    answer: Path | Exception
    try:
        answer = train_model(path, how, report)
    except MedsegError as error:
        answer = error
    except Exception as error:  # noqa: BLE001 - whatever a training does, the window gets an answer
        traceback.print_exc()
        answer = EngineError(
            f"The training stopped because of an error in it ({type(error).__name__}: {error}).",
            "Nothing was changed. Report this with the kind of data set.",
        )
    with suppress(OSError):
        pipe.send(answer)
