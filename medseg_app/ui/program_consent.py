"""ProgramConsent: a model that is a program is run only after the reader agreed, in the panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from medseg_app.engines.foreign.consent import ConsentNeeded, consent_paragraphs

from .panels.question import Question

if TYPE_CHECKING:
    from medseg_app.app.session import Session


class ProgramConsent:
    """Takes the errors of what brings models in; `question` is shown below the models."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.question = Question("Run it once", "Do not run")

    def failed(self, error: BaseException, what: str, again: Callable[[], object]) -> None:
        """Ask whether `what` may be run after all, and then do it `again`; any other error is shown."""
        if not isinstance(error, ConsentNeeded):
            self._session.fail(error)
            return
        lead = f"{what} holds a program. Run it only if you trust where it comes from."
        self.question.ask("\n\n".join([lead, error.message, *consent_paragraphs()]), again)
