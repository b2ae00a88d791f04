"""Icons of one set (Phosphor), drawn from qtawesome's kept font file in the colours of the text.

qtawesome itself is not imported: it reads eleven fonts, which the first window would wait for.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

from . import theme


def icon(name: str, colour: str = theme.TEXT, checked: str = "") -> QIcon:
    """A sharp icon at any scale; `checked` is its colour in a button that is switched on."""
    return QIcon(_GlyphEngine(name, colour, checked or colour))


def draw(painter: QPainter, rect: QRectF, name: str, colour: str) -> None:
    """Draw one icon centred in a rectangle of a painter that is already open."""
    face = QFont(_family())
    face.setPixelSize(round(min(rect.width(), rect.height())))
    painter.setFont(face)
    painter.setPen(QColor(colour))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, _glyph(name))


@cache
def _font_folder() -> Path:
    found = find_spec("qtawesome")
    if found is None or not found.submodule_search_locations:
        raise ImportError("qtawesome is not installed")
    return Path(next(iter(found.submodule_search_locations))) / "fonts"


@cache
def _family() -> str:
    number = QFontDatabase.addApplicationFont(str(next(_font_folder().glob("phosphor-*.ttf"))))
    return QFontDatabase.applicationFontFamilies(number)[0]


@cache
def _glyphs() -> dict[str, str]:
    text = next(_font_folder().glob("phosphor-charmap-*.json")).read_text(encoding="utf-8")
    return dict(json.loads(text))


def _glyph(name: str) -> str:
    return chr(int(_glyphs()[name], 16))


class _GlyphEngine(QIconEngine):
    """Looks its sign up when it is drawn first, so that making icons costs nothing at the start."""

    def __init__(self, name: str, colour: str, checked: str) -> None:
        super().__init__()
        self._name, self._colour, self._checked = name, colour, checked

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._name, self._colour, self._checked)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        colour = self._checked if state == QIcon.State.On else self._colour
        face = QFont(_family())
        face.setPixelSize(min(rect.width(), rect.height()))
        painter.setFont(face)
        painter.setPen(QColor(theme.DISABLED if mode == QIcon.Mode.Disabled else colour))
        # A wider icon leaves air between the sign and the word beside it.
        painter.drawText(
            rect, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), _glyph(self._name)
        )

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return picture
