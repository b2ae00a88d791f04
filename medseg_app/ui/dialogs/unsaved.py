"""UnsavedDialog: asks what becomes of work that no case file holds."""

from __future__ import annotations

from typing import Literal

from PySide6.QtWidgets import QWidget

from medseg_app.ui.buttons import push_button
from medseg_app.ui.labels import label

from .frame import DialogFrame

Answer = Literal["save", "discard", "stay"]


class UnsavedDialog(DialogFrame):
    """Save, discard or stay; Escape stays."""

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent, f"Save the changes to {name}?", 440)
        self.answer: Answer = "stay"
        self.body.addWidget(
            label("What was marked since the last save is lost if it is discarded.", "secondary")
        )
        self.discard = push_button("Discard", lambda: self._choose("discard"), "Alt+D")
        self.discard.setProperty("danger", True)
        self.stay = push_button("Stay", self.reject, "Esc")
        self.save = push_button("Save", lambda: self._choose("save"), "Return", primary=True)
        self.save.setDefault(True)
        for button in (self.discard, self.stay, self.save):
            self.buttons.addWidget(button)

    def ask(self) -> Answer:
        """Show the question and wait for the answer."""
        self.exec()
        self.deleteLater()
        return self.answer

    def _choose(self, answer: Answer) -> None:
        self.answer = answer
        self.accept()
