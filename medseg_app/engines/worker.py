"""The engine worker: a process of its own that runs models, so that no crash and no wait reaches the window.

It reads orders from a pipe and ends by itself when the pipe closes or its parent is gone. torch is
imported by the first engine that needs it.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from medseg_app.core.errors import Cancelled, CouldNotBeDone, EngineError, MedsegError
from medseg_app.core.proposal import Candidate, Proposal

from .contract import Engine, Request
from .exchange import ProposalTicket, VolumeTicket, put_proposal
from .model_folder import ModelFolder
from .preview import UnhurriedPreview
from .warm_up import warm_up

REPORT_SECONDS = 0.1
ENGINES_KEPT = 3
NICENESS = 5
"""Below the window, so that drawing and the mouse come first on a busy computer."""


@dataclass(frozen=True)
class Order:
    """One run: what to run on what, and the file for the masks."""

    number: int
    model: ModelFolder
    volume: VolumeTicket
    request: Request
    device: str
    answer: Path


@dataclass(frozen=True)
class WarmOrder:
    """Somebody may soon run this model on this volume; no answer is sent."""

    model: ModelFolder
    volume: VolumeTicket
    request: Request
    device: str


@dataclass(frozen=True)
class CancelOrder:
    """Stop the run of this number at its next tile."""

    number: int


@dataclass(frozen=True)
class Report:
    """How far a run is."""

    number: int
    fraction: float
    message: str


@dataclass(frozen=True)
class SoFar:
    """What a run has found so far."""

    number: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Answer:
    """The end of a run: a proposal or the error that ended it."""

    number: int
    result: ProposalTicket | MedsegError


def serve(pipe: Connection, parent: int) -> None:
    """Run orders until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    inbox = _Inbox(pipe, parent)
    engines = _Engines()
    while True:
        order = inbox.orders.get()
        if isinstance(order, WarmOrder):
            _warm_up(order, engines, inbox)
            continue
        reporter = _Reporter(pipe, inbox, order.number)
        preview = UnhurriedPreview(partial(_send_so_far, pipe, order.number))
        answer = Answer(order.number, _run(order, engines, reporter, preview))
        try:
            pipe.send(answer)
        except OSError:
            os._exit(0)


def _send_so_far(pipe: Connection, number: int, candidates: tuple[Candidate, ...]) -> None:
    pipe.send(SoFar(number, candidates))


def _warm_up(order: WarmOrder, engines: _Engines, inbox: _Inbox) -> None:
    def give_way(fraction: float, message: str = "") -> None:
        if not inbox.orders.empty():
            raise Cancelled

    with suppress(Exception):  # the run itself will tell what is wrong
        warm_up(engines.get(order.model), order.volume.open(), order.request, order.device, give_way)


def _run(
    order: Order, engines: _Engines, reporter: _Reporter, preview: UnhurriedPreview
) -> ProposalTicket | MedsegError:
    from .predict import run_engine

    try:
        reporter(0.0, "Preparing the model")
        engine = engines.get(order.model)
        proposal = run_engine(engine, order.volume.open(), order.request, order.device, reporter, preview)
        return _hand_over(order, proposal)
    except MedsegError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever a model does, the window gets an answer
        traceback.print_exc()
        return EngineError(
            f"The model {order.model.card.name} stopped because of an error in it "
            f"({type(error).__name__}: {error}).",
            "Nothing was changed. Try another model, or report this with the name of the model.",
        )


def _hand_over(order: Order, proposal: Proposal) -> ProposalTicket:
    try:
        return put_proposal(order.answer, proposal)
    except OSError as error:
        raise CouldNotBeDone(
            f"The result of {order.model.card.name} cannot be written to {order.answer.parent} "
            f"({error.strerror}).",
            "Free some space on that disk and run the model again.",
        ) from error


class _Engines:
    """Keeps the engines that ran last, so that a second run need not read and convert their weights again."""

    def __init__(self) -> None:
        self._engines: list[tuple[ModelFolder, Engine]] = []

    def get(self, model: ModelFolder) -> Engine:
        from .predict import build_engine

        engine = next((engine for known, engine in self._engines if known == model), None)
        others = [pair for pair in self._engines if pair[0] != model][-(ENGINES_KEPT - 1) :]
        engine = engine or build_engine(model)
        self._engines = [*others, (model, engine)]
        return engine


class _Inbox:
    """Reads the pipe in a thread, so that a cancel or the end of the window is noticed during a run."""

    def __init__(self, pipe: Connection, parent: int) -> None:
        self.orders: queue.Queue[Order | WarmOrder] = queue.Queue()
        self.cancelled = -1
        self._pipe, self._parent = pipe, parent
        threading.Thread(target=self._read, name="medseg-inbox", daemon=True).start()

    def _read(self) -> None:
        try:
            while True:
                # Another child of the window may hold a copy of its end of the pipe: watch the parent too.
                while not self._pipe.poll(1.0):
                    if os.getppid() != self._parent:
                        os._exit(0)
                message = self._pipe.recv()
                if isinstance(message, CancelOrder):
                    self.cancelled = message.number
                else:
                    self.orders.put(message)
        except (EOFError, OSError):
            # A network pass in the main thread cannot be interrupted in any kinder way.
            os._exit(0)


class _Reporter:
    """Progress of a run: at most ten reports a second go through the pipe; cancel raises here."""

    def __init__(self, pipe: Connection, inbox: _Inbox, number: int) -> None:
        self._pipe, self._inbox, self._number = pipe, inbox, number
        self._next = 0.0

    def __call__(self, fraction: float, message: str = "") -> None:
        if self._inbox.cancelled >= self._number:
            raise Cancelled
        now = time.monotonic()
        if now >= self._next:
            self._next = now + REPORT_SECONDS
            self._pipe.send(Report(self._number, fraction, message))
