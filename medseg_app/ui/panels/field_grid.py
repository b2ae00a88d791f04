"""FieldGrid: lines of a word, a field and maybe a button, aligned; lines can be hidden."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QSizePolicy, QWidget

from medseg_app.ui import theme
from medseg_app.ui.buttons import describe, give_key
from medseg_app.ui.labels import label


class FieldGrid(QGridLayout):
    """Inset like the heading of a section; no field widens the panel."""

    def __init__(self) -> None:
        super().__init__()
        self.setContentsMargins(12, 0, 12, 0)
        self.setHorizontalSpacing(theme.GRID)
        self.setVerticalSpacing(theme.GRID)
        self.setColumnStretch(1, 1)
        self._lines: dict[QWidget, list[QWidget]] = {}

    def add(self, word: str, field: QWidget, keys: str, meaning: str, button: QWidget | None = None) -> None:
        """Add a line. keys put the focus into the field; meaning is its tooltip."""
        describe(field, word, keys, meaning)
        give_key(field, keys)
        if isinstance(field, QComboBox):
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        line = [label(word, "caption"), field, *([button] if button else [])]
        row = self.rowCount()
        self.addWidget(line[0], row, 0)
        self.addWidget(field, row, 1, 1, 1 if button else 2)
        if button:
            self.addWidget(button, row, 2)
        self._lines[field] = line

    def add_whole(self, widget: QWidget) -> None:
        """Add a line of one widget that begins where the words do."""
        self.addWidget(widget, self.rowCount(), 0, 1, 3, Qt.AlignmentFlag.AlignLeft)

    def show_line(self, field: QWidget, shown: bool) -> None:
        """Show or hide the line of a field."""
        for widget in self._lines[field]:
            widget.setVisible(shown)

    def enable(self, enabled: bool) -> None:
        """Let all fields and their buttons be used, or none."""
        for line in self._lines.values():
            for widget in line[1:]:
                widget.setEnabled(enabled)
