"""Recovery: strokes of a session that ended abruptly, offered at the next start."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg_app.core.case import Case
from medseg_app.core.errors import CaseError
from medseg_app.core.journal import Journal, read_journal, since_checkpoint
from medseg_app.core.progress import Progress
from medseg_app.io.images import find_images

from .case_journal import owner_lock
from .command import Job, command
from .enter_case import enter
from .session import Session


@dataclass(frozen=True)
class Recoverable:
    """A journal with steps that no case file holds, and that no window owns."""

    path: Path
    about: dict[str, Any]
    steps: int
    last_at: float


def find_recoverable(folder: Path) -> list[Recoverable]:
    """All journals that can be recovered, the latest first."""
    found = []
    for path in sorted(folder.glob("*.journal")):
        with suppress(OSError, sqlite3.Error, ValueError, KeyError):
            item = _look_into(path)
            if item is not None:
                found.append(item)
    return sorted(found, key=lambda item: -item.last_at)


def _look_into(path: Path) -> Recoverable | None:
    from filelock import Timeout

    lock = owner_lock(path)
    try:
        with lock.acquire(timeout=0):
            about, records = read_journal(path)
    except Timeout:
        return None
    newer = since_checkpoint(records)
    return Recoverable(path, about, len(newer), newer[-1].at) if newer else None


@command("Restore strokes")
def recover(session: Session, *, item: Recoverable, source: Path | None = None) -> Job[Case, Case]:
    """Open the case of an interrupted session with every stroke it had saved."""

    def work(progress: Progress) -> Case:
        return _case_of(item, source, progress)

    def apply(case: Case) -> Case:
        enter(session, case)
        if case.read_only:
            raise CaseError(
                f"These strokes were not restored: {case.read_only.message}",
                "They are kept; restore them when this is no longer so.",
            )
        return case

    return Job("Restore strokes", work, apply)


def _case_of(item: Recoverable, source: Path | None, progress: Progress) -> Case:
    about = item.about
    path = Path(about["case_path"])
    if about["case_path"] and not path.exists():
        raise CaseError(
            f"The case {path} is not there any more.", "Open it where it is now: its strokes come with it."
        )
    places = [source or Path(about["source"])] if source or about["source"] else []
    volume = find_images(places, about["volume"], about["sha256"], progress)
    if not about["case_path"]:
        return Case(volume, Case.of(volume).segmentation, id=about["case"])
    from medseg_app.io.case_file import read_case_file

    contents = read_case_file(path)
    if contents.id != about["case"]:
        raise CaseError(f"{path.name} is another case than the one that was interrupted.", "Open it instead.")
    return Case(
        volume, contents.segmentation, contents.id, path,
        rulers=list(contents.rulers), saved_revision=contents.segmentation.revision,
        saved_rulers=contents.rulers,
    )  # fmt: skip


@command("Discard strokes")
def discard(session: Session, *, item: Recoverable) -> None:
    """Delete the strokes of an interrupted session for good."""
    del session
    with owner_lock(item.path).acquire(timeout=0):
        journal = Journal(item.path)
        records = journal.records()
        if any(record.kind == "checkpoint" for record in records):
            journal.forget(since_checkpoint(records))
            journal.close()
        else:
            journal.discard()
