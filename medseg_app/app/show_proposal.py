"""Show what a model proposes on the open case, or take it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from medseg_app.core.case import Case
from medseg_app.core.colours import free_colour
from medseg_app.core.prompt import Prompt
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.core.segment import NUMBER, Colour, Segment

from .change import Change

if TYPE_CHECKING:
    from .session import Session


def show_so_far(session: Session, case: Case, found: tuple[Candidate, ...]) -> None:
    """Show what a running model has found until now; nothing where it is over."""
    if case.so_far or found:
        case.so_far = _told_apart(found, case.segmentation.segments)
        if session.case is case:
            session.changed.emit(Change.of("proposal"))


def show_asked(session: Session, case: Case, prompts: tuple[Prompt, ...]) -> None:
    """Show the prompts that a model works on now; nothing where it has answered."""
    if case.asked or prompts:
        case.asked = prompts
        if session.case is case:
            session.changed.emit(Change.of("measurements"))


def show_proposal(session: Session, proposal: Proposal) -> None:
    """Show what a model proposed, in place of what was proposed before."""
    case = session.open()
    candidates = _told_apart(proposal.candidates, case.segmentation.segments)
    case.proposal, case.decisions, case.accepted_in = replace(proposal, candidates=candidates), {}, {}
    session.view.selected_candidate = 0 if proposal.candidates else None
    session.changed.emit(Change.of("proposal"))
    for remark in proposal.remarks:
        session.tell("note", remark)
    if not proposal.candidates:
        session.tell("ok", f"{proposal.model.name} found nothing on this series.")


def withdraw_proposal(session: Session) -> None:
    """Take away everything proposed that was not accepted."""
    case = session.open()
    case.proposal, case.decisions, session.view.selected_candidate = None, {}, None
    session.changed.emit(Change.of("proposal"))


def _told_apart(candidates: Sequence[Candidate], segments: Sequence[Segment]) -> tuple[Candidate, ...]:
    """The candidates, none in the colour of a segment of another class: its outline would tell nothing."""
    classes = [NUMBER.sub("", one.name) if one.kind == "instance" else one.name for one in candidates]
    chosen: dict[str, Colour] = {}
    for name, candidate in zip(classes, candidates, strict=True):
        others = {segment.colour for segment in segments if segment.class_name != name}
        if name not in chosen and candidate.colour in others:
            taken = others | {one.colour for one in candidates} | set(chosen.values())
            chosen[name] = free_colour(candidate.colour, taken)
    return tuple(
        replace(candidate, colour=chosen[name]) if name in chosen else candidate
        for name, candidate in zip(classes, candidates, strict=True)
    )
