"""Show a model what is to be marked, prompt by prompt; what it makes of them is proposed."""

from __future__ import annotations

from medseg_app.app.command import Job, command
from medseg_app.app.prompting import ask_for_object, prompts_of
from medseg_app.app.session import Session
from medseg_app.app.show_proposal import withdraw_proposal
from medseg_app.core.errors import WrongUse
from medseg_app.core.prompt import Prompt
from medseg_app.core.proposal import Proposal


@command("Show to model")
def show_to_model(session: Session, *, prompt: Prompt) -> Job[Proposal, Proposal]:
    """Show nnInteractive something more; its answer replaces the one before this prompt."""
    return ask_for_object(session, (*prompts_of(session.writable()), prompt))


@command("Take back prompt", menu="AI", shortcut="Shift+G")
def undo_prompt(session: Session) -> Job[Proposal, Proposal] | None:
    """Take the last prompt back."""
    prompts = prompts_of(session.writable())
    if not prompts:
        raise WrongUse("There is no prompt to take back.", "Choose the tool Prompt (G) and click.")
    if len(prompts) > 1:
        return ask_for_object(session, prompts[:-1])
    withdraw_proposal(session)
    return None
