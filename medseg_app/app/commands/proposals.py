"""Run a model; accept and reject what it proposes."""

from __future__ import annotations

from collections.abc import Collection

from medseg_app.app.candidate_names import names_of
from medseg_app.app.change import Change
from medseg_app.app.command import Job, command
from medseg_app.app.groups import group_for
from medseg_app.app.model_run import model_run, request_of
from medseg_app.app.new_segment import new_segment
from medseg_app.app.session import Session
from medseg_app.app.show_proposal import withdraw_proposal
from medseg_app.core.errors import WrongUse
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.label_writer import LabelWriter
from medseg_app.core.proposal import Proposal
from medseg_app.core.segment import Provenance


@command("Run model", menu="AI", shortcut="Ctrl+R")
def run_model(
    session: Session, *, model: str, within: Collection[tuple[str, str]] = ()
) -> Job[Proposal, Proposal]:
    """Let a model propose segments for the open series; nothing accepted is changed.

    within: with A+B, pairs (name of a finding, name of a class) that may hold the same voxels.
    """
    return model_run(session, f"Run {model}", model, request_of(session, within))


@command("Accept", menu="AI", shortcut="A")
def accept_candidate(session: Session, *, number: int) -> int:
    """Make a segment of a proposed one; locked segments and readers' decisions stay as they are."""
    return accept_candidates(session, numbers=(number,))[0]


@command("Accept all", menu="AI", shortcut="Shift+A")
def accept_candidates(session: Session, *, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Make segments of several proposed ones, in one step."""
    case = session.writable()
    proposal = _proposal(session)
    names = names_of(proposal.candidates)
    title = f"Accept {names[numbers[0]]}" if len(numbers) == 1 else f"Accept {len(numbers)} segments"
    made = []
    model = proposal.model
    with session.step(title, source="model", model=model.name, version=model.version) as writer:
        for number in numbers:
            made.append(_accept(session, writer, proposal, number, names[number]))
    case.decisions.update(dict.fromkeys(numbers, "accepted"))
    case.accepted_in[case.segmentation.revision] = tuple(numbers)
    session.view.active_segment = made[-1]
    _select_next(session)
    session.changed.emit(Change.of("proposal"))
    return tuple(made)


@command("Reject", menu="AI", shortcut="X")
def reject_candidate(session: Session, *, number: int) -> None:
    """Set a proposed segment aside."""
    _proposal(session)
    session.writable().decisions[number] = "rejected"
    _select_next(session)
    session.changed.emit(Change.of("proposal"))


@command("Consider again", menu="AI", shortcut="Shift+X")
def reopen_candidate(session: Session, *, number: int) -> None:
    """Take a rejected segment back into the list."""
    session.writable().decisions.pop(number, None)
    session.changed.emit(Change.of("proposal"))


@command("Clear proposals", menu="AI", shortcut="Ctrl+Shift+X")
def clear_proposal(session: Session) -> None:
    """Remove all proposals that were not accepted."""
    withdraw_proposal(session)


@command("Show proposal")
def jump_to_candidate(session: Session, *, number: int) -> None:
    """Choose a proposed segment and move the cross to the voxel at its middle."""
    candidate = _proposal(session).candidates[number]
    session.view.selected_candidate = number
    # A place between two voxels would lie on two slices at once: one view's and another reader's.
    middle = [(a + b - 1) // 2 for a, b in zip(candidate.box.start, candidate.box.stop, strict=True)]
    x, y, z = session.open().volume.geometry.to_patient(middle).tolist()
    session.view.cursor_lps = (x, y, z)


def open_candidates(session: Session) -> list[int]:
    """Numbers of the proposed segments that are undecided and not below the threshold, best first."""
    case = session.case
    if case is None or case.proposal is None:
        return []
    return [
        number
        for number, candidate in enumerate(case.proposal.candidates)
        if number not in case.decisions
        and (candidate.score is None or candidate.score >= session.view.threshold)
    ]


def _accept(session: Session, writer: LabelWriter, proposal: Proposal, number: int, name: str) -> int:
    segmentation, candidate = session.open().segmentation, proposal.candidates[number]
    group = group_for(writer, candidate.box, candidate.mask)
    model = proposal.model
    segment = new_segment(
        segmentation, name, group,
        colour=candidate.colour, kind=candidate.kind, category=candidate.category, type=candidate.type,
        modifiers=candidate.modifiers, region=candidate.region, score=candidate.score,
        class_value=candidate.class_value,
        provenance=Provenance(
            "model", session.settings.reader, model.name, model.version, model.sha256
        ),
    )  # fmt: skip
    writer.put_segment(segment)
    writer.write(LabelPatch(segment.id, candidate.box, candidate.mask, source="model"))
    return segment.id


def _proposal(session: Session) -> Proposal:
    proposal = session.open().proposal
    if proposal is None:
        raise WrongUse("Nothing is proposed.", "Run a model first.")
    return proposal


def _select_next(session: Session) -> None:
    left = open_candidates(session)
    now = session.view.selected_candidate
    later = [number for number in left if now is not None and number > now]
    session.view.selected_candidate = next(iter(later or left), None)
