"""CaseJournal: the journal of the open case, and the proof that this window owns it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg_app.core.case import Case
from medseg_app.core.journal import Facts, Journal, Kind, Record, read_about, since_checkpoint, stacks
from medseg_app.core.label_edit import LabelEdit

from .case_lock import let_go

IDLE_SECONDS = 30.0
"""A pause longer than this does not count as time spent on the case."""


Failed = Callable[[BaseException], None]
"""Is told, from any thread, that a step could not be written; once until writing works again."""


@dataclass(frozen=True)
class TakenOver:
    """What a journal gave back: steps that no file had held, and how many more fitted no more."""

    steps: int = 0
    lost: int = 0


class CaseJournal:
    """Keeps every step of one case on disk. The file is made with the first step."""

    def __init__(self, folder: Path, case: Case, about: dict[str, Any], failed: Failed) -> None:
        self._path = folder / f"{case.id}.journal"
        self._about = about
        self._failed = failed
        self._journal: Journal | None = None
        self._lock = owner_lock(self._path)
        self._unsent: list[Callable[[Journal], Future[int]]] = []
        self._pending: list[Future[int]] = []
        self._last_active = time.monotonic()
        self.saved_at: float | None = None
        self.is_failing = False

    @property
    def path(self) -> Path:
        """Where the journal lies."""
        return self._path

    @property
    def is_durable(self) -> bool:
        """Whether every step so far is on disk."""
        self._pending = [future for future in self._pending if not future.done()]
        behind = self._journal.behind if self._journal else 0
        return not self._pending and not self._unsent and not behind

    def acquire(self) -> bool:
        """Take the journal for this window; False where another one writes it.

        Where the folder cannot be written the first step will tell.
        """
        from filelock import Timeout

        try:
            self._acquire()
        except Timeout:
            return False
        except OSError:
            return True
        return True

    def take_over(self, case: Case) -> TakenOver:
        """Bring a reopened case to where its journal ends.

        Steps that the file holds can be undone again; later ones (after a crash) are replayed as far as
        they fit. A journal of another state, or with steps that do not fit, is kept aside; how many of its
        steps no file holds is told as lost.
        """
        if not self._path.exists():
            return TakenOver()
        journal = self._opened()
        records = journal.records()
        unsaved = since_checkpoint(records)
        newer = _newer(records, unsaved, case.segmentation.revision)
        if newer is None:
            self._set_aside()
            return TakenOver(lost=len(unsaved))
        if len(newer) < len(unsaved):
            journal.append("checkpoint", case.segmentation.revision)
        left = {record.seq for record in newer}
        case.history.restore(*stacks([record for record in records if record.seq not in left]))
        done = replay(case, newer)
        if done < len(newer):
            journal.copy_to(self._kept_path())
            journal.forget(newer[done:])
        return TakenOver(done, len(newer) - done)

    def edit(self, edit: LabelEdit, facts: Facts) -> None:
        """Write a committed step."""
        self._send(lambda journal: journal.append_edit(edit, facts))

    def mark(self, kind: Kind, revision: int, facts: Facts) -> None:
        """Write that a step was undone or redone, or that a case file holds this revision."""
        self._send(lambda journal: journal.append(kind, revision, b"", facts))

    def describe(self, about: dict[str, Any]) -> None:
        """Change what recovery needs to know (the case was saved under a name)."""
        self._about = about
        if self._journal is not None:
            with self._told():
                self._journal.describe(about)

    def continue_in(self, other: CaseJournal) -> None:
        """Go on in the journal of a copy that was saved; steps that only the copy holds leave this one."""
        if self._journal is not None:
            with self._told():
                other.path.parent.mkdir(parents=True, exist_ok=True)
                self._journal.copy_to(other.path)
        other._unsent = self._unsent
        self._unsent = []
        self.close(forget_unsaved=True)

    def active_seconds(self) -> float:
        """Time since the last step, without idle pauses; starts the next span."""
        now = time.monotonic()
        span, self._last_active = now - self._last_active, now
        return round(min(span, IDLE_SECONDS), 2)

    def close(self, *, forget_unsaved: bool) -> None:
        """End with the case; steps that no file holds are forgotten if the user said so."""
        if self._journal is not None:
            journal, self._journal = self._journal, None
            with self._told():
                _end(journal, forget_unsaved)
        if self._lock.is_locked:
            let_go(self._lock)

    def _acquire(self) -> None:
        if not self._lock.is_locked:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)

    def _opened(self) -> Journal:
        if self._journal is None:
            self._acquire()
            self._journal = Journal(self._path, self._about)
        return self._journal

    def _kept_path(self) -> Path:
        return self._path.with_suffix(f".{time.time_ns()}.kept")

    def _set_aside(self) -> None:
        """Keep a journal that belongs to another state of the case, and start a new one."""
        assert self._journal is not None
        self._journal.close()
        self._path.rename(self._kept_path())
        self._journal = Journal(self._path, self._about)

    def _send(self, write: Callable[[Journal], Future[int]]) -> None:
        """Hand a record to the writer, after those for which there was no file yet."""
        self._unsent.append(write)
        with self._told():
            journal = self._opened()
            while self._unsent:
                future = self._unsent.pop(0)(journal)
                self._pending.append(future)
                future.add_done_callback(self._written)

    def _written(self, future: Future[int]) -> None:
        error = future.exception()
        if error is not None:
            self._tell(error)
            return
        self.saved_at, self.is_failing = time.time(), False

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A full or missing disk does not end what the reader does; it is told, and tried again."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            self._tell(error)

    def _tell(self, error: BaseException) -> None:
        if not self.is_failing:
            self.is_failing = True
            self._failed(error)


def _newer(records: list[Record], unsaved: list[Record], revision: int) -> list[Record] | None:
    """The steps that a file of this revision does not hold; None where it is of another state of the case."""
    if _base(records) in {None, revision}:
        return unsaved
    # A file may hold more than the journal knows: the program ended between saving and saying so here.
    reached = [count for count, record in enumerate(unsaved, 1) if record.revision == revision]
    return unsaved[reached[-1] :] if reached else None


def _base(records: list[Record]) -> int | None:
    """The revision that the case file must hold for the records to fit; None where there is none.

    Before the first save here it is that with which the file came: a model's labels, another computer's.
    """
    saved = [record.revision for record in records if record.kind == "checkpoint"]
    started = [record.edit().parent for record in records if record.kind == "edit"]
    return saved[-1] if saved else started[0] if started else None


def _end(journal: Journal, forget_unsaved: bool) -> None:
    """Close a journal, without the steps that no file holds if they are to be forgotten."""
    records = journal.records()
    if forget_unsaved and not any(record.kind == "checkpoint" for record in records):
        journal.discard()
        return
    try:
        journal.forget(since_checkpoint(records) if forget_unsaved else [])
    finally:
        journal.close()


def replay(case: Case, records: list[Record]) -> int:
    """Do again what the records say, up to the first that does not fit; how many were done."""
    for number, record in enumerate(records):
        try:
            if record.kind == "edit":
                case.history.replay(record.edit())
            elif record.kind == "undo":
                case.history.undo()
            elif record.kind == "redo":
                case.history.redo()
        except ValueError:
            return number
    return len(records)


def belongs_to_another(folder: Path, case: Case) -> bool:
    """Whether the journal of this id is that of another file, which is still there: this one is a copy."""
    path = folder / f"{case.id}.journal"
    if case.path is None or not path.exists():
        return False
    with suppress(OSError, sqlite3.Error, ValueError):
        other = str(read_about(path).get("case_path", ""))
        return bool(other) and Path(other).exists() and not Path(other).samefile(case.path)
    return False


def owner_lock(journal: Path) -> Any:
    """The lock that the window which writes a journal holds; the system frees it when that window dies."""
    from filelock import FileLock

    return FileLock(journal.with_name(journal.name + ".lock"))
