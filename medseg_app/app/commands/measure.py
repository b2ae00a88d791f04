"""Measurements."""

from __future__ import annotations

from medseg_app.app.change import Change
from medseg_app.app.command import command
from medseg_app.app.session import Session
from medseg_app.core.case import Position, Ruler


@command("Add ruler", menu="Measure")
def add_ruler(session: Session, *, start_lps: Position, end_lps: Position) -> Ruler:
    """Measure between two patient positions (LPS mm)."""
    ruler = Ruler(start_lps, end_lps)
    session.open().rulers.append(ruler)
    session.changed.emit(Change.of("measurements"))
    return ruler


@command("Delete last ruler", menu="Measure", shortcut="Backspace")
def delete_last_ruler(session: Session) -> None:
    """Remove the ruler that was drawn last."""
    rulers = session.open().rulers
    if rulers:
        rulers.pop()
        session.changed.emit(Change.of("measurements"))


@command("Delete rulers", menu="Measure", shortcut="Shift+M")
def delete_rulers(session: Session) -> None:
    """Remove all rulers."""
    session.open().rulers.clear()
    session.changed.emit(Change.of("measurements"))
