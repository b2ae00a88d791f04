"""Save the case, undo and redo."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from medseg_app.app.case_lock import CaseLock, freed_on_failure, lock_case
from medseg_app.app.change import Change
from medseg_app.app.command import Job, command
from medseg_app.app.enter_case import about, new_journal
from medseg_app.app.session import Session, change_of
from medseg_app.core.case import Case, ReadOnly, new_case_id
from medseg_app.core.errors import CaseError, WrongUse
from medseg_app.core.progress import Progress


@command("Save", menu="File", shortcut="Ctrl+S")
def save_case(session: Session, *, path: Path | None = None) -> Job[Case, Path]:
    """Save the case to its file.

    path: another name, which makes it a case of its own beside the former.
    """
    case = session.open()
    target = _target(case, path)
    is_copy = case.path is not None and target != case.path
    held = session.case_lock
    lock = _lock_of(target, session, case)
    number = new_case_id() if is_copy else case.id
    frozen = Case(case.volume, case.segmentation.snapshot(), number, rulers=list(case.rulers))

    def work(progress: Progress) -> Case:
        from medseg_app.io.case_file import write_case_file

        with nullcontext() if lock is held else freed_on_failure(lock):
            write_case_file(target, frozen)
        return frozen

    def apply(saved: Case) -> Path:
        if session.case is not case:  # closed while it was written: its journal and lock are gone
            lock.release()
            return target
        if lock is not session.case_lock and session.case_lock is not None:
            session.case_lock.release()
        session.case_lock = lock
        case.id, case.path = saved.id, target
        case.saved_revision, case.saved_rulers = saved.segmentation.revision, tuple(saved.rulers)
        if is_copy:
            _go_on_in_copy(session, case)
        if session.journal:
            session.journal.describe(about(case))
            session.journal.mark("checkpoint", saved.segmentation.revision, session.facts("save"))
        session.settings.remember(target)
        session.changed.emit(Change.of("saved"))
        return target

    return Job(f"Save {target.name}", work, apply)


def _go_on_in_copy(session: Session, case: Case) -> None:
    """From here on the copy is worked on, and the former file keeps what it held."""
    former, session.journal = session.journal, new_journal(session, case)
    session.journal.acquire()
    if former is not None:
        former.continue_in(session.journal)
    case.read_only = None


def _lock_of(target: Path, session: Session, case: Case) -> CaseLock:
    """The lock that a save needs. Raises CaseError where it cannot be had, with the reason."""
    held = (case.read_only or session.case_lock) if target == case.path else lock_case(target)
    if isinstance(held, ReadOnly):
        raise CaseError(held.message, held.hint)
    return held


def _target(case: Case, path: Path | None) -> Path:
    target = path or case.path
    if target is None:
        raise WrongUse("This case has no name yet.", "Save it under a name.")
    return target if target.suffix.lower() == ".medseg" else target.with_name(target.name + ".medseg")


@command("Undo", menu="Edit", shortcut="Ctrl+Z")
def undo(session: Session) -> str | None:
    """Take the last step back."""
    case = session.writable()
    edit = case.history.undo()
    if edit is None:
        return None
    for number in case.accepted_in.get(edit.revision, ()):
        case.decisions.pop(number, None)
    if session.journal:
        session.journal.mark("undo", case.segmentation.revision, session.facts("undo"))
    if not case.segmentation.has(session.view.active_segment):
        session.view.active_segment = None
    session.changed.emit(change_of(edit))
    session.changed.emit(Change.of("proposal"))
    return edit.name


@command("Redo", menu="Edit", shortcut="Ctrl+Shift+Z")
def redo(session: Session) -> str | None:
    """Do again what was taken back."""
    case = session.writable()
    edit = case.history.redo()
    if edit is None:
        return None
    for number in case.accepted_in.get(edit.revision, ()):
        case.decisions[number] = "accepted"
    if session.journal:
        session.journal.mark("redo", case.segmentation.revision, session.facts("redo"))
    session.changed.emit(change_of(edit))
    session.changed.emit(Change.of("proposal"))
    return edit.name


@command("Close case", menu="File", shortcut="Ctrl+W")
def close_case(session: Session, *, forget_unsaved: bool = False) -> None:
    """Close the open case.

    Unsaved steps stay in the journal unless they are to be forgotten.
    """
    session.release_case(forget_unsaved=forget_unsaved)
    session.changed.emit(Change.of("case", "voxels", "segments", "proposal", "measurements", "saved"))
