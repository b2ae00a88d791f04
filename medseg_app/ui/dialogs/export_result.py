"""ExportResult: one line per file: written and found in place by another reader, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QGridLayout

from medseg_app.ui.banner import VerdictMark
from medseg_app.ui.labels import ElidedLabel, label

if TYPE_CHECKING:
    from medseg_app.io.export_options import Written


class ExportResult(QFrame):
    """Hidden until there is something to say."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 8, 12, 8)
        self._grid.setColumnStretch(1, 1)
        self._grid.setVerticalSpacing(2)
        self.lines: list[str] = []
        self.clear()

    def clear(self) -> None:
        """Remove all lines and hide."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.lines = []
        self.hide()

    def show_written(self, written: Sequence[Written]) -> None:
        """Show what became of each file."""
        self.clear()
        for item in written:
            self._add(verdict_of(item), item.path.name, outcome(item))
            for remark in item.remarks:
                self._add("", "", remark)
        self.show()

    def show_failure(self, message: str, hint: str) -> None:
        """Show why nothing was written."""
        self.clear()
        self._add("problem", message, hint)
        self.show()

    def _add(self, verdict: str, name: str, text: str) -> None:
        row = self._grid.rowCount()
        if verdict:
            self._grid.addWidget(VerdictMark(verdict, 16), row, 0)
            heading = ElidedLabel(name, "strong")
            heading.setToolTip(name)
            self._grid.addWidget(heading, row, 1)
            row += 1
        if text:
            self._grid.addWidget(label(text, "secondary", wrap=True), row, 1)
        self.lines.append(f"{name} {text}".strip())


def verdict_of(item: Written) -> str:
    """ok where another reader found everything in place, note where nothing was to be written."""
    if item.written and item.verified:
        return "ok"
    return "problem" if item.written else "note"


def outcome(item: Written) -> str:
    """What became of one file, as a sentence."""
    if not item.written:
        return item.reason
    if item.verified:
        return f"Written. {item.reader} read it back and found every segment in its place."
    return item.reason or "Written, but not verified."
