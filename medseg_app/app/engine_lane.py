"""EngineLane: the window's side of the engine worker; models run one after another in one process.

The worker is started on first use and again after a crash or a cancel that it did not obey in time.
No torch is imported here.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from medseg_app.core.errors import CouldNotBeDone, EngineError
from medseg_app.core.progress import Progress, silent
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.core.spawned import SPAWNED
from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Request
from medseg_app.engines.exchange import ExchangeFolder, VolumeTicket, discard, take_proposal
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.preview import Show
from medseg_app.engines.worker import Answer, CancelOrder, Order, Report, SoFar, WarmOrder, serve

PATIENCE_SECONDS = 0.6
"""How long a cancelled run may take to reach its next tile before the worker is ended."""
WATCH_SECONDS = 0.05
REPORT_SECONDS = 0.1


def unseen(candidates: tuple[Candidate, ...]) -> None:
    """Nobody looks at what was found so far."""


class EngineLane:
    """Runs models in the worker. `propose` blocks its caller, so call it from a task's thread."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._turn = threading.Lock()
        self._folder: ExchangeFolder | None = None
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._volume: tuple[weakref.ref[Volume], VolumeTicket] | None = None
        self._number = 0

    def propose(
        self,
        model: ModelFolder,
        volume: Volume,
        request: Request,
        device: str = "auto",
        progress: Progress = silent,
        show: Show = unseen,
    ) -> Proposal:
        """What the model proposes; a later caller waits until the lane is free.

        show receives what was found so far, now and then, in the caller's thread. progress is called about
        ten times a second, also while nothing moves: what it raises (Cancelled) frees the caller within a
        second, with the worker ended if it must be.
        Raises EngineError where the worker died, else what the engine raised.
        """
        with self._my_turn(progress):
            with self._on_disk() as folder:
                ticket, answer = self._ticket(volume, folder), folder.new_file()
            try:
                self._number += 1
                self._send(Order(self._number, model, ticket, request, device, answer))
                result = self._watch(model, progress, show).result
                if isinstance(result, Exception):
                    raise result
                return take_proposal(answer, result)
            finally:
                discard(answer)

    def warm_up(self, model: ModelFolder, volume: Volume, request: Request, device: str = "auto") -> None:
        """Have the worker ready for a run that may come; returns as soon as it was asked.

        Nothing is asked of a worker that is at work. Raises CouldNotBeDone where the disk is full.
        """
        if not self._turn.acquire(blocking=False):
            return
        try:
            with self._on_disk() as folder:
                ticket = self._ticket(volume, folder)
            self._send(WarmOrder(model, ticket, request, device))
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the worker and remove the files of this window."""
        self._end_worker()
        if self._folder is not None:
            self._folder.remove()
        self._folder, self._volume = None, None

    @property
    def worker_id(self) -> int | None:
        """Process number of the worker; None while there is none."""
        return self._process.pid if self._process is not None and self._process.is_alive() else None

    @contextmanager
    def _my_turn(self, progress: Progress) -> Iterator[None]:
        while not self._turn.acquire(timeout=WATCH_SECONDS):
            progress(0.0, "Waiting for another model")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _on_disk(self) -> Iterator[ExchangeFolder]:
        """The folder of this window's files; a full disk is told in words that help."""
        try:
            if self._folder is None or not self._folder.path.is_dir():  # a cleaner may have been there
                self._folder, self._volume = ExchangeFolder(self._cache), None
            yield self._folder
        except OSError as error:
            raise CouldNotBeDone(
                f"The images cannot be written to {self._cache} for the model ({error.strerror}).",
                "Free some space on that disk and run the model again.",
            ) from error

    def _ticket(self, volume: Volume, folder: ExchangeFolder) -> VolumeTicket:
        """The volume's file, kept for the next run on the same volume."""
        if self._volume is not None:
            last, ticket = self._volume
            if last() is volume:
                return ticket
            discard(ticket.path)
            self._volume = None
        ticket = folder.put_volume(volume)
        self._volume = weakref.ref(volume), ticket
        return ticket

    def _send(self, order: Order | WarmOrder) -> None:
        if self.worker_id is None:
            self._end_worker()
            mine, theirs = SPAWNED.Pipe()
            # A daemon ends with a window that closes in good order; a killed one closes its pipe.
            process = SPAWNED.Process(
                target=serve, args=(theirs, os.getpid()), name="medseg-engines", daemon=True
            )
            process.start()
            self._process, self._pipe = process, mine
            theirs.close()
        assert self._pipe is not None
        with suppress(OSError):  # a worker that dies just now is noticed by _watch
            self._pipe.send(order)

    def _watch(self, model: ModelFolder, progress: Progress, show: Show) -> Answer:
        """Pass reports and previews on until the answer comes."""
        fraction, message = 0.0, "Starting the model"
        while True:
            try:
                progress(fraction, message)
            except BaseException:
                self._stop_run()
                raise
            due = time.monotonic() + REPORT_SECONDS
            while (left := due - time.monotonic()) > 0:
                received = self._receive(model, left)
                if isinstance(received, Answer):
                    return received
                if isinstance(received, SoFar):
                    show(received.candidates)
                if isinstance(received, Report):
                    fraction, message = max(fraction, received.fraction), received.message or message

    def _receive(self, model: ModelFolder, seconds: float) -> Report | SoFar | Answer | None:
        """The next message of this run; None where none came in time."""
        assert self._pipe is not None
        try:
            if not self._pipe.poll(seconds):
                return None
            received = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._crash(model) from error
        # A run that was cancelled may still have a report under way.
        return received if received.number == self._number else None

    def _stop_run(self) -> None:
        """Ask the worker to stop; end it where it does not within a moment."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with suppress(OSError, EOFError):
            assert self._pipe is not None
            self._pipe.send(CancelOrder(self._number))
            while time.monotonic() < deadline:
                if self._pipe.poll(WATCH_SECONDS) and isinstance(self._pipe.recv(), Answer):
                    return
        self._end_worker()

    def _crash(self, model: ModelFolder) -> EngineError:
        code = None
        if self._process is not None:
            self._process.join(1.0)
            code = self._process.exitcode
        self._end_worker()
        killed = code is not None and code < 0
        return EngineError(
            f"The model {model.card.name} stopped in mid-run"
            + (f" (its process was ended by signal {-code})." if killed and code else "."),
            "Nothing was changed. Often the memory was full: close other programs and run it again.",
        )

    def _end_worker(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process, self._pipe = None, None
