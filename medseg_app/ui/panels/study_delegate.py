"""Draws the rows of the study browser: names, series with thumbnail and badge, findings in full."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPainterPath
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from medseg_app.ui import icons, theme
from medseg_app.ui.banner import GLYPHS

from .study_entries import Entry
from .study_model import BESIDE, ENTRY, KIND, OPENED, PICTURE, VERDICT

AnyIndex = QModelIndex | QPersistentModelIndex

THUMB = 56
HEIGHTS = {"patient": 32, "study": 24, "series": THUMB + 16}
SIDE = 12
WORDS = {"ok": "Geometry ok", "note": "Geometry note", "problem": "Geometry problem"}
FLAGS = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)


class StudyDelegate(QStyledItemDelegate):
    """The width of the view decides how findings wrap."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        kind = index.data(KIND)
        if kind in HEIGHTS:
            return QSize(120, HEIGHTS[kind])
        view = option.widget
        width = (view.width() if view else 240) - 2 * SIDE - 32
        text = QFontMetrics(theme.font(12)).boundingRect(QRect(0, 0, width, 10_000), FLAGS, index.data())
        return QSize(120, text.height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        kind = index.data(KIND)
        rect = QRect(0, option.rect.top(), option.rect.right() + 1, option.rect.height())
        if kind == "series":
            self._paint_ground(painter, rect, option)
            self._paint_shown(painter, rect, index)
            self._paint_series(painter, rect, index)
        elif kind == "finding":
            self._paint_finding(painter, rect, index)
        else:
            strong = kind == "patient"
            colour = theme.TEXT if strong else theme.SECONDARY
            face = theme.font(strong=True) if strong else theme.font(12)
            _line(painter, rect.adjusted(SIDE, 0, -SIDE, 0), index.data(), face, colour)
        painter.restore()

    @staticmethod
    def badge_rect(rect: QRect) -> QRect:
        """Where the badge of a series row lies; a click there opens the findings."""
        return QRect(SIDE + THUMB + 12, rect.bottom() - 31, max(rect.width() - SIDE - THUMB - 24, 40), 22)

    @classmethod
    def on_badge(cls, rect: QRect, place: QPoint) -> bool:
        """Whether a place of the view lies on the badge of the row."""
        return cls.badge_rect(QRect(0, rect.top(), rect.right() + 1, rect.height())).contains(place)

    @staticmethod
    def _paint_ground(painter: QPainter, rect: QRect, option: QStyleOptionViewItem) -> None:
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(theme.SELECTED))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(theme.RAISED))

    @staticmethod
    def _paint_shown(painter: QPainter, rect: QRect, index: AnyIndex) -> None:
        """A stripe at the edge: the accent for the open series, quieter for the one beside it."""
        for role, colour in ((OPENED, theme.ACCENT), (BESIDE, theme.SECONDARY)):
            if index.data(role):
                painter.fillRect(QRect(0, rect.top(), 2, rect.height()), QColor(colour))

    def _paint_series(self, painter: QPainter, rect: QRect, index: AnyIndex) -> None:
        entry: Entry = index.data(ENTRY)
        thumb = QRect(SIDE, rect.top() + 8, THUMB, THUMB)
        _picture(painter, thumb, index.data(PICTURE))
        text = QRect(thumb.right() + 12, thumb.top() - 1, rect.width() - thumb.right() - 12 - SIDE, 20)
        face = theme.font(strong=bool(index.data(OPENED)))
        _line(painter, text, entry.title, face, theme.TEXT, Qt.TextElideMode.ElideMiddle)
        _line(painter, text.translated(0, 18), entry.facts, theme.font(12), theme.SECONDARY)
        if entry.verdict:
            _badge(painter, self.badge_rect(rect), entry.verdict)

    @staticmethod
    def _paint_finding(painter: QPainter, rect: QRect, index: AnyIndex) -> None:
        verdict = index.data(VERDICT)
        sign = QRectF(SIDE + 4, rect.top() + 5, 14, 14)
        icons.draw(painter, sign, GLYPHS[verdict], theme.VERDICT_COLOURS[verdict])
        painter.setFont(theme.font(12))
        painter.setPen(QColor(theme.TEXT))
        area = rect.adjusted(SIDE + 28, 4, -SIDE, 0)
        painter.drawText(area, FLAGS, index.data())


def _line(
    painter: QPainter, area: QRect, text: str, face: QFont, colour: str,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:  # fmt: skip
    painter.setFont(face)
    painter.setPen(QColor(colour))
    short = QFontMetrics(face).elidedText(text or "", elide, area.width())
    painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), short)


def _picture(painter: QPainter, area: QRect, picture: QImage | None) -> None:
    edge = QPainterPath()
    edge.addRoundedRect(QRectF(area), theme.RADIUS, theme.RADIUS)
    painter.save()
    painter.setClipPath(edge)
    painter.fillRect(area, QColor(theme.CANVAS))
    if picture is not None:
        fitted = picture.size().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(QPoint(0, 0), fitted)
        place.moveCenter(area.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, picture)
    painter.restore()


def _badge(painter: QPainter, area: QRect, verdict: str) -> None:
    colour = theme.VERDICT_COLOURS[verdict]
    icons.draw(painter, QRectF(area.left(), area.top() + 4, 14, 14), GLYPHS[verdict], colour)
    text = area.adjusted(20, 0, 0, 0)
    _line(painter, text, WORDS[verdict], theme.font(12), colour)
