"""One object from a model that is shown what to mark: which prompts count, and the job that asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medseg_app.core.case import Case
from medseg_app.core.errors import WrongUse
from medseg_app.core.prompt import Prompt
from medseg_app.core.proposal import Proposal

from .command import Job
from .model_run import model_run

if TYPE_CHECKING:
    from .session import Session

MODEL, TITLE = "nninteractive", "Prompt"


def shown_prompts(case: Case) -> tuple[Prompt, ...]:
    """What a reader sees of prompts: those that the model works on, else those of an undecided answer."""
    proposal = case.proposal
    if case.asked or proposal is None or _is_decided(case, proposal):
        return case.asked
    return proposal.prompts


def _is_decided(case: Case, proposal: Proposal) -> bool:
    return len(case.decisions) >= len(proposal.candidates) > 0


def prompts_of(case: Case) -> tuple[Prompt, ...]:
    """The prompts of the proposal that waits to be decided; a decision begins the next object.

    Raises WrongUse where other proposals wait, which an answer would replace.
    """
    proposal = case.proposal
    if proposal is None or _is_decided(case, proposal):
        return ()
    if proposal.candidates and not proposal.prompts:
        raise WrongUse(
            f"Proposals of {proposal.model.name} wait to be decided.",
            "Accept them (Shift+A) or clear them, then show the model what to mark.",
        )
    return proposal.prompts


def ask_for_object(session: Session, prompts: tuple[Prompt, ...]) -> Job[Proposal, Proposal]:
    """The job that asks for the object of these prompts and shows it.

    Raises ModelError without the package, with how to install it; WrongUse while the model still works.
    """
    from medseg_app.engines.contract import Request

    if any(task.title == TITLE for task in session.tasks.running):
        raise WrongUse("The model still works on the prompt before.", "Wait for its answer.")
    request = Request(revision=session.writable().segmentation.revision, prompts=prompts)
    return model_run(session, TITLE, MODEL, request)
