"""Section: a part of a side panel with a heading, a fact beside it, and a body."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from medseg_app.ui import theme
from medseg_app.ui.focus_loan import FocusLoan
from medseg_app.ui.labels import label


class Section(QFrame):
    """Heading line of 32 px, then whatever `body` holds; a hairline below."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setProperty("role", "section")
        self.setAccessibleName(title)
        self._keys = FocusLoan(self)
        self.heading = label(title.upper(), "heading")
        self.fact = label("", "caption")
        self.top = QHBoxLayout()
        self.top.setContentsMargins(12, 0, 8, 0)
        self.top.setSpacing(2)
        self.top.addWidget(self.heading)
        self.top.addSpacing(8)
        self.top.addWidget(self.fact)
        self.top.addStretch(1)
        head = QWidget()
        head.setFixedHeight(4 * theme.GRID)
        head.setLayout(self.top)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(0, 0, 0, theme.GRID)
        self.body.setSpacing(theme.GRID)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(head, 0, Qt.AlignmentFlag.AlignTop)
        whole.addLayout(self.body, 1)

    def open_at(self, widget: QWidget) -> None:
        """Show it, with the keys at one of its parts until it is closed."""
        self.show()
        self._keys.take(widget)

    def hideEvent(self, event: QHideEvent) -> None:
        """The keys go back to the images, or wherever they were."""
        self._keys.give_back()
        super().hideEvent(event)

    def line(self, *widgets: QWidget) -> QWidget:
        """Add a line of widgets that can be shown and hidden as one."""
        made = QWidget()
        inner = QHBoxLayout(made)
        inner.setContentsMargins(12, 0, 12, 0)
        inner.setSpacing(theme.GRID)
        for widget in widgets:
            inner.addWidget(widget)
        self.body.addWidget(made)
        return made

    def row(self, *widgets: QWidget, spacing: int = theme.GRID, at: int = -1) -> QHBoxLayout:
        """Add a line of widgets, inset like the heading; at: its place in the body, else the end."""
        line = QHBoxLayout()
        line.setContentsMargins(12, 0, 12, 0)
        line.setSpacing(spacing)
        for widget in widgets:
            line.addWidget(widget)
        self.body.insertLayout(at, line)
        return line
