"""DialogFrame: title, body and a line of buttons, the same in every dialog."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from medseg_app.ui.labels import hairline, label


class DialogFrame(QDialog):
    """A window-modal dialog; subclasses fill `body` and `buttons`."""

    def __init__(self, parent: QWidget, title: str, width: int = 480) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setMinimumWidth(width)
        self.title = label(title, "title", wrap=True)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(24, 8, 24, 16)
        self.body.setSpacing(8)
        self.buttons = QHBoxLayout()
        self.buttons.setContentsMargins(24, 12, 24, 12)
        self.buttons.setSpacing(8)
        self.buttons.addStretch(1)
        head = QVBoxLayout()
        head.setContentsMargins(24, 20, 24, 4)
        head.addWidget(self.title)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(head)
        whole.addLayout(self.body, 1)
        whole.addWidget(hairline())
        whole.addLayout(self.buttons)
