"""DropHint: an accent border and one line that tell what will happen to what is dragged over the window."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from . import theme

BORDER = 2
PADDING = 16


class DropHint(QWidget):
    """Lies over the part of the window that takes what is dragged over it; never takes the mouse."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def tell(self, text: str, over: QWidget) -> None:
        """Show a line in the middle of a widget of the window, and the border around it."""
        self.text = text
        self.setGeometry(QRect(over.mapTo(self._window, QPoint(0, 0)), over.size()))
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dim the window a little, so that border and line stand out over any image."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(0, 0, 0, 90))
        painter.setPen(QPen(QColor(theme.ACCENT), 2 * BORDER))
        painter.drawRect(self.rect())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        face = theme.font(theme.TITLE_PX, strong=True)
        area = QRectF(0, 0, QFontMetricsF(face).horizontalAdvance(self.text) + 2 * PADDING, 3 * PADDING)
        area.moveCenter(QRectF(self.rect()).center())
        painter.setPen(QPen(QColor(theme.ACCENT), 1))
        painter.setBrush(QColor(theme.RAISED))
        painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        painter.setPen(QColor(theme.TEXT))
        painter.setFont(face)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self.text)
