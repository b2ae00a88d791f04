"""Plain-text labels in the roles of the type scale; texts of DICOM files are never read as markup."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

Role = Literal["body", "heading", "title", "strong", "secondary", "caption", "empty"]


def label(text: str = "", role: Role = "body", *, wrap: bool = False) -> QLabel:
    """A label that shows its text as it is."""
    made = WrappedLabel(text) if wrap else QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    return made


def set_verdict(widget: QWidget, verdict: str) -> None:
    """Colour a widget by ok, note or problem (empty: none)."""
    if widget.property("verdict") != verdict:
        widget.setProperty("verdict", verdict)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def hairline() -> QFrame:
    """A line across, one pixel."""
    line = QFrame()
    line.setProperty("role", "hairline")
    return line


def upright() -> QFrame:
    """A line down, one pixel, between groups of the tool strip and the status bar."""
    line = QFrame()
    line.setProperty("role", "upright")
    line.setFixedHeight(16)
    return line


class WrappedLabel(QLabel):
    """Lines that wrap; sets its own height, because a layout that asks for it never gives way to a scroll."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setWordWrap(True)

    def hasHeightForWidth(self) -> bool:
        """Not asked by layouts; see the class."""
        return False

    def setText(self, text: str) -> None:
        """Show another text."""
        super().setText(text)
        self._settle()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap anew."""
        super().resizeEvent(event)
        self._settle()

    def _settle(self) -> None:
        height = self.heightForWidth(self.width())
        if height >= 0 and height != self.minimumHeight():
            self.setFixedHeight(height)


class ElidedLabel(QLabel):
    """One line that gives way with an ellipsis instead of widening its panel."""

    def __init__(self, text: str = "", role: Role = "body") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        """No narrower than an ellipsis."""
        return QSize(16, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much of the text as fits."""
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(self.palette().color(self.foregroundRole()))
        text = QFontMetrics(self.font()).elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text)
