"""RecoveryDialog: strokes of a session that ended abruptly; restore or discard each."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from medseg_app.app.recovery import Recoverable, discard
from medseg_app.ui import figures
from medseg_app.ui.buttons import push_button
from medseg_app.ui.labels import ElidedLabel, label

from .frame import DialogFrame

if TYPE_CHECKING:
    from medseg_app.app.session import Session


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
        throw = push_button("Discard", lambda: self._discard(item), detail="Delete these strokes for good")
        throw.setProperty("danger", True)
        line.addWidget(throw)
        restore = push_button(
            "Restore", lambda: self._restore(item), "" if self._rows else "Return", primary=True
        )
        restore.setDefault(not self._rows)
        line.addWidget(restore)
        return row

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
