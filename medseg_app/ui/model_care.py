"""ModelCare: checks, updates or removes the chosen model; asks in the panel before one is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medseg_app.app.commands.downloads import update
from medseg_app.app.commands.models import remove, verify

from .panels.question import Question

if TYPE_CHECKING:
    from medseg_app.app.session import Session

    from .panels.ai import AiPanel
    from .program_consent import ProgramConsent


class ModelCare:
    """What can be done to the model that the panel shows; `question` is shown below the models."""

    def __init__(self, session: Session, panel: AiPanel, programs: ProgramConsent) -> None:
        self._session, self._panel, self._programs = session, panel, programs
        self.question = Question("Remove it")

    def verify(self) -> None:
        """Compare every file of the chosen model with its checksum."""
        card = self._panel.chosen
        if card is not None:
            self._session.start(verify, name=card.name)

    def update(self) -> None:
        """Replace the chosen model where its place has a newer one."""
        card = self._panel.chosen
        if card is not None and not self._panel.is_running:
            self._update(card.name)

    def update_all(self) -> None:
        """The same for all models that the user downloaded."""
        if not self._panel.is_running:
            self._session.start(update)

    def _update(self, name: str, consent: bool = False) -> None:
        def failed(error: BaseException) -> None:
            self._programs.failed(error, name, lambda: self._update(name, consent=True))

        self._session.attempt(update, failed, name=name, consent=consent)

    def ask_remove(self) -> None:
        """Remove the chosen model after the reader agreed."""
        card = self._panel.chosen
        if card is not None and not self._panel.is_running:
            name = card.name
            text = f"Remove {name} {card.version} from this computer? What it has marked stays."
            self.question.ask(text, lambda: self._session.start(remove, name=name))
