"""Show what a model proposes on the open case, or take it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medseg_app.core.case import Case
from medseg_app.core.prompt import Prompt
from medseg_app.core.proposal import Candidate, Proposal

from .change import Change

if TYPE_CHECKING:
    from .session import Session


def show_so_far(session: Session, case: Case, found: tuple[Candidate, ...]) -> None:
    """Show what a running model has found until now; nothing where it is over."""
    if case.so_far or found:
        case.so_far = found
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
    case.proposal, case.decisions, case.accepted_in = proposal, {}, {}
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
