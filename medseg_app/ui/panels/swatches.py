"""SwatchMenu: a small palette to colour a segment with; never the accent, which means selection."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QGridLayout, QMenu, QToolButton, QWidget, QWidgetAction

from medseg_app.core.colours import COLOURS
from medseg_app.core.segment import Colour
from medseg_app.ui.buttons import describe

COLUMNS = 6
SIZE = 20


class SwatchMenu(QMenu):
    """Emits chosen((red, green, blue)) when a colour was clicked."""

    chosen = Signal(tuple)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        board = QWidget()
        grid = QGridLayout(board)
        grid.setContentsMargins(4, 4, 4, 4)
        grid.setSpacing(4)
        for place, colour in enumerate(COLOURS):
            grid.addWidget(self._swatch(colour), place // COLUMNS, place % COLUMNS)
        action = QWidgetAction(self)
        action.setDefaultWidget(board)
        self.addAction(action)

    def _swatch(self, colour: Colour) -> QToolButton:
        picture = QPixmap(SIZE, SIZE)
        picture.fill(QColor(*colour))
        button = QToolButton()
        button.setIcon(QIcon(picture))
        button.setIconSize(QSize(SIZE, SIZE))
        describe(button, "Colour {} {} {}".format(*colour), "", "Use this colour")
        button.clicked.connect(lambda: self._choose(colour))
        return button

    def _choose(self, colour: Colour) -> None:
        self.close()
        self.chosen.emit(colour)
