"""Journal: every step on disk before it is acknowledged; survives kill -9 and power loss.

One writer thread appends records to a SQLite file (write-ahead log, synchronous=FULL). A record's
future is done when the record is durable; it fails where the disk is full, and the record is tried again
before any later one. Undo after reopening, recovery, audit and time sheet are views of this one file.
"""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from .errors import CaseError
from .label_edit import LabelEdit, from_bytes, to_bytes

Kind = Literal["edit", "undo", "redo", "checkpoint"]
SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, revision INTEGER NOT NULL,
    at REAL NOT NULL, facts TEXT NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL);
"""
_INSERT = "INSERT INTO records (kind, revision, at, facts, crc, payload) VALUES (?, ?, ?, ?, ?, ?)"
_Row = tuple[Kind, int, float, str, int, bytes]


@dataclass(frozen=True)
class Facts:
    """Who made a record, with what, and for how long he worked on it."""

    reader: str = ""
    tool: str = ""
    source: str = "human"
    active_seconds: float = 0.0
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One line of the journal; payload is a packed LabelEdit for edits, empty otherwise.

    revision: the state of the labels after the record.
    """

    seq: int
    kind: Kind
    revision: int
    at: float
    facts: dict[str, Any]
    payload: bytes

    def edit(self) -> LabelEdit:
        """The edit of an edit record."""
        return from_bytes(self.payload)


class Journal:
    """Appends to and reads one journal file."""

    def __init__(self, path: Path, about: dict[str, Any] | None = None) -> None:
        """Open or make the file. `about` (case id, volume, source) is kept for recovery."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._waiting: deque[_Row] = deque()
        try:
            self._connection: sqlite3.Connection = self._thread.submit(self._open, about).result()
        except BaseException:
            self._thread.shutdown()
            raise

    @property
    def behind(self) -> int:
        """How many records could not be written yet."""
        return len(self._waiting)

    def append(
        self, kind: Kind, revision: int, payload: bytes = b"", facts: Facts | None = None
    ) -> Future[int]:
        """Append a record; the future gives its number once it is durable."""
        text = json.dumps(asdict(facts or Facts()), separators=(",", ":"))
        return self._thread.submit(self._write, kind, revision, text, payload)

    def append_edit(self, edit: LabelEdit, facts: Facts | None = None) -> Future[int]:
        """Append a committed step."""
        text = json.dumps(asdict(facts or Facts()), separators=(",", ":"))
        return self._thread.submit(self._write_edit, edit, text)

    def about(self) -> dict[str, Any]:
        """What was said about the case when the file was made or last described."""
        return self._thread.submit(_read_about, self._connection).result()

    def describe(self, about: dict[str, Any]) -> None:
        """Replace what is said about the case (a case file was saved under a name)."""
        self._thread.submit(self._describe, about).result()

    def records(self) -> list[Record]:
        """All sound records in order; reading stops at the first damaged one."""
        return self._thread.submit(lambda: list(_read_records(self._connection))).result()

    def close(self) -> None:
        """Write what is pending, as far as the disk lets it, and close the file."""
        with suppress(sqlite3.Error):
            self._thread.submit(self._write_waiting).result()
        self._thread.submit(self._connection.close).result()
        self._thread.shutdown()

    def forget(self, records: list[Record]) -> None:
        """Delete records (the user chose not to keep what they hold)."""
        rows = [(record.seq,) for record in records]
        statement = "DELETE FROM records WHERE seq = ?"
        self._thread.submit(lambda: self._connection.executemany(statement, rows)).result()

    def copy_to(self, path: Path) -> None:
        """Write a copy of the file, with all that is in it."""
        self._thread.submit(self._copy_to, path).result()

    def discard(self) -> None:
        """Close and delete the file."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    # -- on the writer thread ----------------------------------------------------------------------

    def _open(self, about: dict[str, Any] | None) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(_SCHEMA)
        version = connection.execute("SELECT value FROM about WHERE key='schema'").fetchone()
        if version is None:
            connection.execute("INSERT INTO about VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
        elif int(version[0]) > SCHEMA_VERSION:
            connection.close()
            raise CaseError(
                f"The journal {self.path.name} was written by a newer MedSeg.",
                f"It needs a version that reads journals of format {version[0]}.",
            )
        if about is not None:
            connection.execute("INSERT OR REPLACE INTO about VALUES ('case', ?)", (json.dumps(about),))
        return connection

    def _describe(self, about: dict[str, Any]) -> None:
        self._connection.execute("INSERT OR REPLACE INTO about VALUES ('case', ?)", (json.dumps(about),))

    def _write_edit(self, edit: LabelEdit, facts: str) -> int:
        return self._write("edit", edit.revision, facts, to_bytes(edit))

    def _write(self, kind: Kind, revision: int, facts: str, payload: bytes) -> int:
        self._waiting.append((kind, revision, time.time(), facts, zlib.crc32(payload), payload))
        return self._write_waiting()

    def _write_waiting(self) -> int:
        """Write all that waits, the oldest first: a step that is missing makes those after it useless."""
        number = 0
        while self._waiting:
            cursor = self._connection.execute(_INSERT, self._waiting[0])
            self._waiting.popleft()
            number = int(cursor.lastrowid or 0)
        return number

    def _copy_to(self, path: Path) -> None:
        copy = sqlite3.connect(path)
        try:
            self._connection.backup(copy)
        finally:
            copy.close()


def read_about(path: Path) -> dict[str, Any]:
    """What a journal file says about its case, without opening it for writing."""
    connection = sqlite3.connect(path)
    try:
        return _read_about(connection)
    finally:
        connection.close()


def read_journal(path: Path) -> tuple[dict[str, Any], list[Record]]:
    """What a journal file says about its case, and its sound records, without opening it for writing."""
    connection = sqlite3.connect(path)
    try:
        return _read_about(connection), list(_read_records(connection))
    finally:
        connection.close()


def count_records(path: Path) -> int:
    """How many records a journal file holds, sound or not."""
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT COUNT(*) FROM records").fetchone()[0])
    finally:
        connection.close()


def _read_about(connection: sqlite3.Connection) -> dict[str, Any]:
    row = connection.execute("SELECT value FROM about WHERE key='case'").fetchone()
    return dict(json.loads(row[0])) if row else {}


def _read_records(connection: sqlite3.Connection) -> Iterator[Record]:
    rows = connection.execute("SELECT seq, kind, revision, at, facts, crc, payload FROM records ORDER BY seq")
    for seq, kind, revision, at, facts, crc, payload in rows:
        if zlib.crc32(payload) != crc:
            return
        yield Record(seq, kind, revision, at, json.loads(facts), payload)


def stacks(records: list[Record]) -> tuple[list[LabelEdit], list[LabelEdit]]:
    """The done and the undone steps after all records."""
    done: list[LabelEdit] = []
    undone: list[LabelEdit] = []
    for record in records:
        if record.kind == "edit":
            done.append(record.edit())
            undone.clear()
        elif record.kind == "undo" and done:
            undone.append(done.pop())
        elif record.kind == "redo" and undone:
            done.append(undone.pop())
    return done, undone


def since_checkpoint(records: list[Record]) -> list[Record]:
    """The records that no saved case file holds yet.

    A checkpoint names the revision that a file holds; steps made while it was being saved come before
    the checkpoint in the journal and still are not in the file.
    """
    saved = [record.revision for record in records if record.kind == "checkpoint"]
    steps = [record for record in records if record.kind != "checkpoint"]
    if not saved:
        return steps
    reached = [n for n, record in enumerate(steps) if record.revision == saved[-1]]
    return steps[reached[-1] + 1 :] if reached else steps
