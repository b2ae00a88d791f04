"""Banner: one thin line, or two, above the image for what a reader has to know; never a pop-up."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QSizePolicy, QWidget

from . import icons, theme
from .buttons import icon_button
from .labels import ElidedLabel, set_verdict

NOTE_STAYS_MS = 12_000
ROOM_OF_SIGNS = 12 * theme.GRID
"""Width of the mark, the cross and what lies between, logical pixels."""
GLYPHS = {"ok": "check-circle", "note": "info", "problem": "warning"}


class VerdictMark(QWidget):
    """The sign of ok, note or problem, so that colour never speaks alone."""

    def __init__(self, verdict: str = "", size: int = theme.ICON) -> None:
        super().__init__()
        self.setFixedSize(size, size)
        self._verdict = verdict

    def show_verdict(self, verdict: str) -> None:
        """Change the sign."""
        self._verdict = verdict
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the sign in its colour."""
        if self._verdict in GLYPHS:
            painter = QPainter(self)
            icons.draw(
                painter, QRectF(self.rect()), GLYPHS[self._verdict], theme.VERDICT_COLOURS[self._verdict]
            )


class Banner(QFrame):
    """Shows one message at a time; a problem stays until it is closed, a note goes by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "banner")
        self._mark = VerdictMark()
        self._text = ElidedLabel("", "strong")
        self._text.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._hint = ElidedLabel("", "secondary")
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 4, 8, 4)
        line.setSpacing(theme.GRID)
        line.addWidget(self._mark)
        self._words = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._words.addWidget(self._text)
        self._words.addWidget(self._hint, 1)
        line.addLayout(self._words, 1)
        line.addWidget(
            icon_button("Close this message", "x", self.hide, "Shift+Esc"), 0, Qt.AlignmentFlag.AlignRight
        )
        self._timer = QTimer(self, singleShot=True, interval=NOTE_STAYS_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The message that is shown, empty where none is."""
        return f"{self._text.text()} {self._hint.text()}".strip() if self.isVisible() else ""

    def show_message(self, kind: str, text: str, hint: str = "") -> None:
        """Show what happened and the next step; kind is ok, note or problem."""
        set_verdict(self, kind)
        self._mark.show_verdict(kind)
        self._text.setText(text)
        self._hint.setText(hint)
        self.setToolTip(f"{text} {hint}".strip())
        self.setAccessibleName(f"{kind}: {text} {hint}".strip())
        self.show()
        self._timer.stop() if kind == "problem" else self._timer.start()
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the next step in sight."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """What happened and the next step share a line where both fit, else each has its own."""
        words = sum(part.fontMetrics().horizontalAdvance(part.text()) for part in (self._text, self._hint))
        fits = not self._hint.text() or words <= self.width() - ROOM_OF_SIGNS
        one, two = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._words.setDirection(one if fits else two)
        self._words.setSpacing(theme.GRID if fits else 0)
        self.setFixedHeight((4 if fits else 6) * theme.GRID)
