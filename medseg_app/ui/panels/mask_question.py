"""MaskQuestion: asks in the panel whether a dropped file is a mask for the open series or an image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from medseg_app.ui.buttons import push_button
from medseg_app.ui.focus_loan import FocusLoan
from medseg_app.ui.labels import label

Answer = Callable[[Path], object]


class MaskQuestion(QFrame):
    """One question per file, in the order in which they came; Return, I and Escape answer it."""

    def __init__(self, as_mask: Answer, as_image: Answer) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._as_mask, self._as_image = as_mask, as_image
        self._waiting: list[Path] = []
        self._focus = FocusLoan(self)
        self.text = label("", "body", wrap=True)
        self.mask_button = push_button(
            "Mask", self._answer_mask, "Return", detail="Put it onto the open series"
        )
        self.image_button = push_button(
            "Image", self._answer_image, "I", detail="Open it in place of the series"
        )
        self.neither_button = push_button("Neither", self._drop_first, "Esc", detail="Leave the file alone")
        self._keys: dict[Qt.Key, QPushButton] = {
            Qt.Key.Key_Return: self.mask_button, Qt.Key.Key_Enter: self.mask_button,
            Qt.Key.Key_I: self.image_button, Qt.Key.Key_Escape: self.neither_button,
        }  # fmt: skip
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 8, 12, 8)
        whole.addWidget(self.text)
        line = QHBoxLayout()
        for button in (self.neither_button, self.image_button, self.mask_button):
            line.addWidget(button)
        whole.addLayout(line)
        self.hide()

    def ask(self, path: Path) -> None:
        """Ask about a file, after those that are still undecided."""
        self._waiting.append(path)
        self._show()

    def forget(self) -> None:
        """Ask about nothing any more."""
        self._waiting.clear()
        self._show()

    def hideEvent(self, event: QHideEvent) -> None:
        """The keys go back to the images, or wherever they were."""
        self._focus.give_back()
        super().hideEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep the keys of the answers from the window."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() in self._keys:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Answer by key."""
        button = self._keys.get(Qt.Key(event.key()))
        button.click() if button else super().keyPressEvent(event)

    def _answer_mask(self) -> None:
        self._as_mask(self._drop_first())

    def _answer_image(self) -> None:
        self._as_image(self._drop_first())

    def _drop_first(self) -> Path:
        path = self._waiting.pop(0)
        self._show()
        return path

    def _show(self) -> None:
        self.setVisible(bool(self._waiting))
        if self._waiting:
            name = self._waiting[0].name
            self.text.setText(f"Is {name} a mask for the open series, or an image to open instead?")
            self._focus.take(self.mask_button)
