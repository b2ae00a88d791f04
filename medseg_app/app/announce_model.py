"""Tell the window that a model came in: it is looked for again, and its remarks are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .change import Change

if TYPE_CHECKING:
    from .import_model import ImportedModel
    from .session import Session


def announce_model(session: Session, made: ImportedModel, how: str) -> ImportedModel:
    """how: what was done to it, such as "imported"."""
    session.changed.emit(Change.of("models"))
    for remark in made.remarks:
        session.tell("note", remark)
    session.tell("ok", f"{made.name} was {how}.", "Choose it in the AI panel.")
    return made
