"""CaseJournal: the journal of the open case, and the proof that this window owns it."""

from __future__ import annotations

import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from medseg_app.core.case import Case
from medseg_app.core.journal import Facts, Journal, Kind, Record, since_checkpoint, stacks
from medseg_app.core.label_edit import LabelEdit

IDLE_SECONDS = 30.0
"""A pause longer than this does not count as time spent on the case."""


class CaseJournal:
    """Keeps every step of one case on disk. The file is made with the first step."""

    def __init__(self, folder: Path, case: Case, about: dict[str, Any]) -> None:
        self._path = folder / f"{case.id}.journal"
        self._about = about
        self._journal: Journal | None = None
        self._lock: Any = None
        self._pending: list[Future[int]] = []
        self._last_active = time.monotonic()
        self.saved_at: float | None = None

    @property
    def path(self) -> Path:
        """Where the journal lies."""
        return self._path

    @property
    def is_durable(self) -> bool:
        """Whether every step so far is on disk."""
        self._pending = [future for future in self._pending if not future.done()]
        return not self._pending

    def take_over(self, case: Case) -> int:
        """Bring a reopened case to where its journal ends; how many steps no file had held.

        Steps that the file holds can be undone again; later ones (after a crash) are replayed. A journal
        of another state is kept aside.
        """
        if not self._path.exists():
            return 0
        journal = self._opened()
        records = journal.records()
        newer = since_checkpoint(records)
        saved = [record.revision for record in records if record.kind == "checkpoint"]
        if (saved[-1] if saved else 0) != case.segmentation.revision:
            self._set_aside()
            return 0
        unsaved = {record.seq for record in newer}
        case.history.restore(*stacks([record for record in records if record.seq not in unsaved]))
        replay(case, newer)
        return len(newer)

    def edit(self, edit: LabelEdit, facts: Facts) -> None:
        """Write a committed step."""
        self._follow(self._opened().append_edit(edit, facts))

    def mark(self, kind: Kind, revision: int, facts: Facts) -> None:
        """Write that a step was undone or redone, or that a case file holds this revision."""
        self._follow(self._opened().append(kind, revision, b"", facts))

    def describe(self, about: dict[str, Any]) -> None:
        """Change what recovery needs to know (the case was saved under a name)."""
        self._about = about
        if self._journal is not None:
            self._journal.describe(about)

    def active_seconds(self) -> float:
        """Time since the last step, without idle pauses; starts the next span."""
        now = time.monotonic()
        span, self._last_active = now - self._last_active, now
        return round(min(span, IDLE_SECONDS), 2)

    def close(self, *, forget_unsaved: bool) -> None:
        """End with the case; steps that no file holds are forgotten if the user said so."""
        if self._journal is None:
            return
        journal, self._journal = self._journal, None
        records = journal.records()
        if forget_unsaved and not any(record.kind == "checkpoint" for record in records):
            journal.discard()
        else:
            journal.forget(since_checkpoint(records) if forget_unsaved else [])
            journal.close()
        self._lock.release()
        with suppress(OSError):
            Path(self._lock.lock_file).unlink()

    def _opened(self) -> Journal:
        if self._journal is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = owner_lock(self._path)
            self._lock.acquire(timeout=0)
            self._journal = Journal(self._path, self._about)
        return self._journal

    def _set_aside(self) -> None:
        """Keep a journal that belongs to another state of the case, and start a new one."""
        assert self._journal is not None
        self._journal.close()
        self._path.rename(self._path.with_suffix(f".{int(time.time())}.kept"))
        self._journal = Journal(self._path, self._about)

    def _follow(self, future: Future[int]) -> None:
        self._pending.append(future)
        future.add_done_callback(self._saved)

    def _saved(self, future: Future[int]) -> None:
        if future.exception() is None:
            self.saved_at = time.time()


def replay(case: Case, records: list[Record]) -> None:
    """Do again what the records say."""
    for record in records:
        if record.kind == "edit":
            case.history.replay(record.edit())
        elif record.kind == "undo":
            case.history.undo()
        elif record.kind == "redo":
            case.history.redo()


def owner_lock(journal: Path) -> Any:
    """The lock that the window which writes a journal holds; the system frees it when that window dies."""
    from filelock import FileLock

    return FileLock(journal.with_name(journal.name + ".lock"))
