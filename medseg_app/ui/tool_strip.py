"""ToolStrip: what the left button does now, and the few actions that every case needs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton, QWidget

from . import theme
from .buttons import ActionButton, MenuButton
from .icons import icon
from .labels import upright


class ToolStrip(QFrame):
    """Menu and file actions at the left, tools in the middle, the rest at the right; 44 px high."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "strip")
        self.setFixedHeight(theme.STRIP)
        self._named: list[list[ActionButton]] = []
        self._menus: list[MenuButton] = []
        self._wide: list[int] = []
        self.menu_button = MenuButton("MedSeg", "Alt+M", "All commands")
        self.menu_button.setAccessibleName("All commands")
        self.menu_button.setProperty("wordmark", True)
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        self._line.setSpacing(2)
        self._line.addWidget(self.menu_button)

    def add_group(self, actions: Sequence[QAction], *, words: bool = False) -> list[ActionButton]:
        """Add a group of buttons behind a hairline; words: their names go where the window is narrow."""
        self.add_line()
        buttons = [ActionButton(action, words=words) for action in actions]
        for button in buttons:
            self._line.addWidget(button)
        if words:
            self._named.append(buttons)
        return buttons

    def add_menu_button(self, text: str, glyph: str, key: str, detail: str, menu: QMenu) -> MenuButton:
        """Add a button that opens a menu, as its key does."""
        button = MenuButton(text, key, detail)
        button.setIcon(icon(glyph))
        button.setMenu(menu)
        button.show_words(True)
        self._menus.append(button)
        self._line.addWidget(button)
        return button

    def add_action(self, action: QAction, *, words: bool = True) -> ActionButton:
        """Add a single button, with its word where there is room."""
        button = ActionButton(action, words=words)
        if words:
            self._named.append([button])
        self._line.addWidget(button)
        return button

    def add_line(self) -> None:
        """A hairline between two groups."""
        self._line.addSpacing(4)
        self._line.addWidget(upright())
        self._line.addSpacing(4)

    def add_space(self) -> None:
        """Push what follows to the right edge."""
        self._line.addStretch(1)

    def chain_focus(self) -> None:
        """Let Tab go from the first button to the last; without it the images would come in between."""
        items = [self._line.itemAt(place) for place in range(self._line.count())]
        parts = [item.widget() for item in items if item is not None]
        buttons = [part for part in parts if isinstance(part, QToolButton)]
        for before, after in pairwise(buttons):
            QWidget.setTabOrder(before, after)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Drop the names where they do not fit."""
        super().resizeEvent(event)
        self.fit_words()

    def fit_words(self) -> None:
        """Show the names where there is room; those of the groups at the left go first."""
        widths, groups = self._widths(), self._groups()
        first = next((n for n, width in enumerate(widths) if width <= self.width()), len(groups))
        for number, buttons in enumerate(groups):
            for button in buttons:
                button.show_words(number >= first)

    def width_with_words(self) -> int:
        """How wide the window must be for all tools to carry their names."""
        return self._widths()[0]

    def _widths(self) -> list[int]:
        """How wide the strip is when the first 0, 1, 2 ... groups go without names."""
        if len(self._wide) != len(self._groups()) + 1:
            self._show_all(True)
            self._wide = [self._full_width()]
            for buttons in self._groups():
                for button in buttons:
                    button.show_words(False)
                self._wide.append(self._full_width())
        return self._wide

    def _groups(self) -> list[Sequence[ActionButton | MenuButton]]:
        """What gives up its names together; the menus' go last."""
        return [*self._named, self._menus]

    def _show_all(self, words: bool) -> None:
        for buttons in self._groups():
            for button in buttons:
                button.show_words(words)

    def _full_width(self) -> int:
        # Asked of each part: a layout leaves out what has not been shown yet.
        width, edges = 0, self._line.contentsMargins()
        for place in range(self._line.count()):
            item = self._line.itemAt(place)
            part = item.widget() if item else None
            width += self._line.spacing()
            width += part.sizeHint().width() if part else item.sizeHint().width() if item else 0
        return width + edges.left() + edges.right()

    def minimumSizeHint(self) -> QSize:
        """The window may always be made narrow; names and spaces give way."""
        return QSize(640, theme.STRIP)
