"""Draws a row of the segment list and tells which part of it was clicked."""

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
from PySide6.QtWidgets import QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from medseg_app.ui import figures, icons, theme

from .segment_model import ACTIVE, ROW, VISIBLE, VOLUME
from .segment_rows import Row

AnyIndex = QModelIndex | QPersistentModelIndex

ROW_HEIGHT = 28
SIDE, SWATCH, EYE, LOCK, VOLUME_WIDTH, SCORE_WIDTH = 12, 12, 24, 24, 64, 36
INDENT = 16


class SegmentDelegate(QStyledItemDelegate):
    """Swatch, name, score, volume, lock, eye. Emits clicked_part(segment id, part, global place)."""

    clicked_part = Signal(int, str, QPoint)

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Every row is one control high."""
        return QSize(160, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one row."""
        row: Row = index.data(ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if row.segment is None:
            self._paint_heading(painter, option.rect, row)
        else:
            self._paint_ground(painter, option, bool(index.data(ACTIVE)))
            self._paint_segment(painter, option.rect, row, index)
        painter.restore()

    def editorEvent(
        self, event: QEvent, model: object, option: QStyleOptionViewItem, index: AnyIndex
    ) -> bool:
        """Report clicks on swatch, eye and lock; the rest of the row selects."""
        row: Row = index.data(ROW)
        if event.type() != QEvent.Type.MouseButtonPress or row.segment is None:
            return False
        assert isinstance(event, QMouseEvent)
        part = self.part_at(option.rect, event.position().toPoint(), row)
        if part and event.button() == Qt.MouseButton.LeftButton:
            self.clicked_part.emit(row.segment.id, part, event.globalPosition().toPoint())
            return True
        return False

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> QWidget:
        """A line to type the name in."""
        editor = QLineEdit(parent)
        editor.setAccessibleName("Name of the segment")
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """The line covers the name, not the swatch."""
        left = SIDE + SWATCH + 2
        editor.setGeometry(option.rect.adjusted(left, 0, -(EYE + LOCK + 4), 0))

    @staticmethod
    def part_at(rect: QRect, place: QPoint, row: Row) -> str:
        """Which part of a row lies at a place: colour, eye, lock, or empty for the name."""
        from_right = rect.right() - place.x()
        if from_right < EYE + 6:
            return "eye"
        if from_right < EYE + LOCK + 6:
            return "lock"
        indent = INDENT if row.indent else 0
        return "colour" if place.x() - rect.left() < SIDE + indent + SWATCH + 4 else ""

    # -- drawing -----------------------------------------------------------------------------------

    @staticmethod
    def _paint_ground(painter: QPainter, option: QStyleOptionViewItem, active: bool) -> None:
        state = option.state
        if state & option.state.__class__.State_Selected:
            painter.fillRect(option.rect, QColor(theme.SELECTED))
        elif state & option.state.__class__.State_MouseOver:
            painter.fillRect(option.rect, QColor(theme.RAISED))
        if active:
            bar = QRect(option.rect.left(), option.rect.top(), 2, option.rect.height())
            painter.fillRect(bar, QColor(theme.ACCENT))

    @staticmethod
    def _paint_heading(painter: QPainter, rect: QRect, row: Row) -> None:
        area = rect.adjusted(SIDE, 4, -SIDE, 0)
        painter.setFont(theme.font(strong=True))
        painter.setPen(QColor(theme.TEXT))
        count, metrics = str(row.count), QFontMetrics(painter.font())
        room = area.width() - 8 - metrics.horizontalAdvance(count)
        short = metrics.elidedText(row.text, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, short)
        beside = area.adjusted(metrics.horizontalAdvance(short) + 8, 0, 0, 0)
        painter.setFont(theme.font(theme.CAPTION_PX))
        painter.setPen(QColor(theme.SECONDARY))
        painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, count)

    def _paint_segment(self, painter: QPainter, rect: QRect, row: Row, index: AnyIndex) -> None:
        segment, visible = row.segment, bool(index.data(VISIBLE))
        if segment is None:
            return
        left = rect.left() + SIDE + (INDENT if row.indent else 0)
        self._paint_swatch(painter, left, rect.center().y(), QColor(*segment.colour), visible)
        right = rect.right() - 6
        eye, lock = right - EYE, right - EYE - LOCK
        self._paint_icon(painter, eye, rect, "eye" if visible else "eye-slash", visible)
        self._paint_icon(
            painter, lock, rect, "lock-simple-fill" if segment.locked else "lock-simple-open", segment.locked
        )
        figures_left = lock - VOLUME_WIDTH
        self._paint_text(painter, figures_left, VOLUME_WIDTH - 6, rect, index.data(VOLUME), theme.SECONDARY)
        if segment.score is not None:
            figures_left -= SCORE_WIDTH
            text = figures.score(segment.score)
            self._paint_text(painter, figures_left, SCORE_WIDTH - 4, rect, text, theme.TEXT)
        name = QRect(left + SWATCH + 8, rect.top(), figures_left - left - SWATCH - 12, rect.height())
        self._paint_name(
            painter, name, row.text, theme.TEXT if visible else theme.SECONDARY, bool(index.data(ACTIVE))
        )

    @staticmethod
    def _paint_swatch(painter: QPainter, left: int, middle: int, colour: QColor, visible: bool) -> None:
        area = QRectF(left, middle - SWATCH / 2 + 1, SWATCH, SWATCH)
        painter.setPen(Qt.PenStyle.NoPen if visible else colour)
        painter.setBrush(colour if visible else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area if visible else area.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)

    @staticmethod
    def _paint_icon(painter: QPainter, left: int, rect: QRect, name: str, on: bool) -> None:
        area = QRectF(left + 4, rect.top() + (rect.height() - 16) / 2, 16, 16)
        icons.draw(painter, area, name, theme.TEXT if on else theme.DISABLED)

    @staticmethod
    def _paint_text(painter: QPainter, left: int, width: int, rect: QRect, text: str, colour: str) -> None:
        painter.setFont(theme.font(12))
        painter.setPen(QColor(colour))
        area = QRect(left, rect.top(), width, rect.height())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)

    @staticmethod
    def _paint_name(painter: QPainter, area: QRect, text: str, colour: str, strong: bool) -> None:
        painter.setFont(theme.font(strong=strong))
        painter.setPen(QColor(colour))
        short = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, short)
