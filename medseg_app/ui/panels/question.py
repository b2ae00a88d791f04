"""Question: asks in the panel, where the reader looks, instead of in a window of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from medseg_app.ui.buttons import push_button
from medseg_app.ui.focus_loan import FocusLoan
from medseg_app.ui.labels import label

ANSWERS = {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape}


class Question(QFrame):
    """A sentence and two buttons; Return answers, Escape keeps things as they are.

    look: of the answer, which loses something (danger) or leads on (primary).
    """

    def __init__(
        self, answer: str, refusal: str = "Keep", look: Literal["danger", "primary"] = "danger"
    ) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._then: Callable[[], object] | None = None
        self._keys = FocusLoan(self)
        self.text = label("", "body", wrap=True)
        self.yes = push_button(answer, self._agree, "Return")
        self.yes.setProperty(look, True)
        self.no = push_button(refusal, self.hide, "Esc")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 8, 12, 8)
        whole.addWidget(self.text)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(self.no)
        line.addWidget(self.yes)
        whole.addLayout(line)
        self.hide()

    def ask(self, text: str, then: Callable[[], object]) -> None:
        """Show the question; `then` runs if the answer is yes."""
        self._then = then
        self.text.setText(text)
        self.show()
        self._keys.take(self.yes)

    def hideEvent(self, event: QHideEvent) -> None:
        """The keys go back to the images, or wherever they were."""
        self._keys.give_back()
        super().hideEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep Return and Escape from the keys of the window."""
        asks_for_key = event.type() == QEvent.Type.ShortcutOverride
        if asks_for_key and isinstance(event, QKeyEvent) and event.key() in ANSWERS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return agrees, Escape declines."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._agree()
        elif event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def _agree(self) -> None:
        self.hide()
        if self._then is not None:
            self._then()
