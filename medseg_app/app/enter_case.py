"""Make a case the open one: journal, lock, window and cursor."""

from __future__ import annotations

from typing import Any

from medseg_app.core.case import Case, Position, ReadOnly, new_case_id
from medseg_app.core.volume import Volume

from .case_journal import CaseJournal, TakenOver, belongs_to_another
from .case_lock import lock_case, open_elsewhere
from .change import Change
from .session import Session
from .windows import first_window


def enter(session: Session, case: Case) -> int:
    """Open a case in place of the present one. Returns how many unsaved steps its journal gave back."""
    session.gestures.settle()
    left = session.case if session.unsaved else None
    session.release_case(forget_unsaved=False)
    if case.path is not None:
        lock = lock_case(case.path)
        if isinstance(lock, ReadOnly):
            case.read_only = lock
        else:
            session.case_lock = lock
    session.case = case
    taken = TakenOver()
    if not case.read_only:
        taken = _own(session, case)
    _look_at(session, case.volume)
    session.changed.emit(Change.of("case", "voxels", "segments", "proposal", "measurements", "saved"))
    if left is not None and left.id != case.id:
        _tell_of_left(session, left)
    _tell(session, taken)
    return taken.steps


def _tell(session: Session, taken: TakenOver) -> None:
    """What came of the steps that no file had held."""
    if taken.steps:
        what, were = ("1 step", "was") if taken.steps == 1 else (f"{taken.steps} steps", "were")
        text = f"{what} that had not been saved {were} restored."
        session.tell("ok", text, "Save the case to keep them in its file.")
    if taken.lost:
        session.tell(
            "problem",
            f"{taken.lost} of the steps that had not been saved fit these labels no more.",
            f"They are kept beside the journals in {session.folders.journals}.",
        )


def _tell_of_left(session: Session, left: Case) -> None:
    """Nobody was asked about what the reader did to a case while the next one was read."""
    back = f"open {left.path.name} again" if left.path else "they are offered when MedSeg starts again"
    session.tell("note", "The case that was open has steps that were not saved.", f"They are kept: {back}.")


def new_journal(session: Session, case: Case) -> CaseJournal:
    """The journal of a case that this window is to write."""

    def failed(error: BaseException) -> None:
        text = f"The last steps are not on disk yet ({error})."
        hint = f"Free some space for {session.folders.journals}; they are written with the next step."
        session.tasks.on_main(lambda: session.tell("problem", text, hint))

    return CaseJournal(session.folders.journals, case, about(case), failed)


def _own(session: Session, case: Case) -> TakenOver:
    """Take the case's journal; where another window writes it, the case is for reading only."""
    if belongs_to_another(session.folders.journals, case):
        case.id = new_case_id()
    journal = new_journal(session, case)
    if journal.acquire():
        session.journal = journal
        return journal.take_over(case)
    case.read_only = open_elsewhere(case.path.name if case.path else "This case")
    if session.case_lock is not None:
        session.case_lock.release()
        session.case_lock = None
    return TakenOver()


def about(case: Case) -> dict[str, Any]:
    """What recovery needs to find case and images again; no patient data."""
    source = case.volume.source
    return {
        "case": case.id,
        "case_path": str(case.path.resolve()) if case.path else "",
        "volume": case.volume.id,
        "modality": case.volume.modality,
        "sha256": case.volume.sha256,
        "source": str(source.path.resolve()) if source else "",
        "geometry": case.volume.geometry.to_json(),
    }


def _look_at(session: Session, volume: Volume) -> None:
    view = session.view
    view.active_segment, view.hidden, view.selected_candidate = None, frozenset(), None
    view.strengths = {}
    view.cursor_lps = centre_of(volume)
    view.window, view.window_name = first_window(volume)


def centre_of(volume: Volume) -> Position:
    """The middle voxel's place in patient mm (LPS)."""
    x, y, z = volume.geometry.to_patient([(n - 1) // 2 for n in volume.geometry.shape]).tolist()
    return x, y, z
