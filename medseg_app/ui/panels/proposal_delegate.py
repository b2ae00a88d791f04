"""Draws a candidate: swatch, name, score, volume, and the signs that accept and reject it."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from medseg_app.ui import figures, icons, theme

from .proposal_model import ITEM, Item

AnyIndex = QModelIndex | QPersistentModelIndex

ROW_HEIGHT = 32
SIDE, SWATCH, BUTTON, VOLUME_WIDTH, SCORE_WIDTH = 12, 12, 26, 60, 36
CENTRED = Qt.AlignmentFlag.AlignVCenter


class ProposalDelegate(QStyledItemDelegate):
    """Emits decided(number, "accept" | "reject") when the sign at the right of a row is clicked."""

    decided = Signal(int, str)

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Every row has the same height."""
        return QSize(160, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one row."""
        item: Item = index.data(ITEM)
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(theme.SELECTED))
            painter.fillRect(QRect(rect.left(), rect.top(), 2, rect.height()), QColor(theme.ACCENT))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(theme.RAISED))
        self._paint_sign(painter, rect, 2, "check", theme.OK)
        self._paint_sign(painter, rect, 1, "x", theme.PROBLEM)
        self._paint_facts(painter, rect, item)
        painter.restore()

    def editorEvent(
        self, event: QEvent, model: object, option: QStyleOptionViewItem, index: AnyIndex
    ) -> bool:
        """A click on a sign decides; elsewhere it selects."""
        if event.type() != QEvent.Type.MouseButtonRelease:
            return False
        assert isinstance(event, QMouseEvent)
        answer = self.answer_at(option.rect, event.position().toPoint())
        if not answer:
            return False
        item: Item = index.data(ITEM)
        self.decided.emit(item.number, answer)
        return True

    @staticmethod
    def answer_at(rect: QRect, place: QPoint) -> str:
        """accept or reject where a sign lies under a place, else empty."""
        from_right = rect.right() - place.x()
        if from_right < BUTTON + 6:
            return "reject"
        return "accept" if from_right < 2 * BUTTON + 6 else ""

    @staticmethod
    def _paint_sign(painter: QPainter, rect: QRect, place: int, name: str, colour: str) -> None:
        left = rect.right() - 6 - place * BUTTON + (BUTTON - 16) / 2
        icons.draw(painter, QRectF(left, rect.center().y() - 7, 16, 16), name, colour)

    @staticmethod
    def _paint_facts(painter: QPainter, rect: QRect, item: Item) -> None:
        left, middle = rect.left() + SIDE, rect.center().y()
        painter.setPen(QColor(*item.candidate.colour))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        # A proposal is drawn as an outline, here as on the image: it is not truth yet.
        painter.drawRoundedRect(QRectF(left + 0.5, middle - SWATCH / 2 + 1.5, SWATCH - 1, SWATCH - 1), 3, 3)
        volume = QRect(
            rect.right() - 6 - 2 * BUTTON - VOLUME_WIDTH - 4, rect.top(), VOLUME_WIDTH, rect.height()
        )
        score = QRect(volume.left() - SCORE_WIDTH, rect.top(), SCORE_WIDTH, rect.height())
        painter.setFont(theme.font(12))
        painter.setPen(QColor(theme.SECONDARY))
        painter.drawText(volume, CENTRED | Qt.AlignmentFlag.AlignRight, item.volume)
        painter.setPen(QColor(theme.TEXT))
        painter.drawText(score, CENTRED | Qt.AlignmentFlag.AlignRight, figures.score(item.candidate.score))
        name = QRect(left + SWATCH + 8, rect.top(), score.left() - left - SWATCH - 12, rect.height())
        painter.setFont(theme.font())
        short = QFontMetrics(painter.font()).elidedText(item.name, Qt.TextElideMode.ElideMiddle, name.width())
        painter.drawText(name, CENTRED | Qt.AlignmentFlag.AlignLeft, short)
