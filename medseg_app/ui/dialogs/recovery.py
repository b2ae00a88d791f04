"""RecoveryDialog: strokes of a session that ended abruptly; restore or discard each."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from medseg_app.app.recovery import Recoverable, discard
from medseg_app.ui import figures
from medseg_app.ui.buttons import give_key, push_button
from medseg_app.ui.labels import ElidedLabel, label

from .frame import DialogFrame

if TYPE_CHECKING:
    from medseg_app.app.session import Session

DIGITS = "123456789"
"""Rows have keys as far as these go; Tab reaches the others."""


class RecoveryDialog(DialogFrame):
    """One line per interrupted case; what is not decided is offered again at the next start."""

    def __init__(
        self,
        parent: QWidget,
        session: Session,
        found: list[Recoverable],
        restore: Callable[[Recoverable], object],
    ) -> None:
        super().__init__(parent, "MedSeg ended before this work was saved", 560)
        self._session, self._then = session, restore
        self._rows: dict[Path, QWidget] = {}
        self.body.addWidget(label("Every finished stroke was kept.", "secondary"))
        for item in found:
            self._rows[item.path] = self._row(item)
            self.body.addWidget(self._rows[item.path])
        self.buttons.addWidget(push_button("Later", self.reject, "Esc", detail="Ask again at the next start"))

    def _row(self, item: Recoverable) -> QWidget:
        row = QFrame()
        row.setProperty("role", "card")
        texts = QVBoxLayout()
        texts.addWidget(ElidedLabel(case_text(item), "strong"))
        steps = "1 step" if item.steps == 1 else f"{item.steps} steps"
        texts.addWidget(label(f"{steps}, {figures.age(time.time() - item.last_at)}", "secondary"))
        line = QHBoxLayout(row)
        line.setContentsMargins(12, 8, 12, 8)
        line.addLayout(texts, 1)
        digit = DIGITS[len(self._rows) : len(self._rows) + 1]
        line.addWidget(self._discard_button(item, f"Ctrl+Alt+{digit}" if digit else ""))
        line.addWidget(self._restore_button(item, f"Alt+{digit}" if digit else ""))
        return row

    def _discard_button(self, item: Recoverable, key: str) -> QPushButton:
        detail = "Delete these strokes for good"
        made = push_button("Discard", lambda: self._discard(item), key, detail=detail)
        made.setProperty("danger", True)
        give_key(made, key)
        return made

    def _restore_button(self, item: Recoverable, key: str) -> QPushButton:
        """The first one is also what Return does."""
        first = not self._rows
        keys = f"Return and {key}" if first else key
        made = push_button("Restore", lambda: self._restore(item), keys, primary=True)
        give_key(made, key)
        made.setDefault(first)
        return made

    def _restore(self, item: Recoverable) -> None:
        self.accept()
        self._then(item)

    def _discard(self, item: Recoverable) -> None:
        self._session.start(discard, item=item)
        self._rows.pop(item.path).hide()
        if not self._rows:
            self.accept()


def case_text(item: Recoverable) -> str:
    """The case's file, or the place of its images where it was never saved."""
    return str(item.about.get("case_path") or item.about.get("source") or item.path.stem)
