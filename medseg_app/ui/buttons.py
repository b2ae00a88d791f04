"""Buttons whose tooltip names what they do and the key that does the same."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractButton, QPushButton, QToolButton, QWidget

from . import theme
from .icons import icon

SMALL_ICON = 16


def tip(text: str, key: str = "") -> str:
    """What a control does, then its key in round brackets."""
    return f"{text} ({key})" if key else text


def describe(widget: QWidget, name: str, key: str = "", detail: str = "") -> None:
    """Give a control its accessible name and the tooltip that names its key."""
    widget.setAccessibleName(name)
    widget.setToolTip(tip(detail or name, key))


def give_key(widget: QWidget, keys: str) -> None:
    """Let a key of its window click a button, or put the focus into a field."""
    if isinstance(widget, QAbstractButton):
        widget.setShortcut(keys)
        return
    shortcut = QShortcut(QKeySequence(keys), widget)
    shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
    shortcut.activated.connect(lambda: widget.setFocus(Qt.FocusReason.ShortcutFocusReason))


def icon_size(*, words: bool = False, small: bool = False) -> QSize:
    """Size of the icon in a button; beside a word it keeps 6 px of air."""
    side = SMALL_ICON if small else theme.ICON
    return QSize(side + (6 if words else 0), side)


class ActionButton(QToolButton):
    """A button of the tool strip or a panel that stands for an action."""

    def __init__(self, action: QAction, *, words: bool = False, small: bool = False) -> None:
        super().__init__()
        self.setDefaultAction(action)
        self.setProperty("small", small)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.show_words(words)
        self._describe()
        action.changed.connect(self._describe)

    def show_words(self, words: bool) -> None:
        """Write the action's name beside its icon, or leave the icon alone."""
        beside, alone = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
        self.setToolButtonStyle(beside if words else alone)
        self.setIconSize(icon_size(words=words, small=bool(self.property("small"))))

    def _describe(self) -> None:
        self.setAccessibleName(self.defaultAction().text())


class MenuButton(QToolButton):
    """A button that opens a menu, as its key does. Without a menu yet it stands there all the same."""

    def __init__(self, text: str, key: str, detail: str = "") -> None:
        super().__init__()
        self.setText(text)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        describe(self, text, key, detail)
        self.setShortcut(key)

    def show_words(self, words: bool) -> None:
        """Write its name beside its icon, or leave the icon alone."""
        beside, alone = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
        self.setToolButtonStyle(beside if words else alone)
        self.setIconSize(icon_size(words=words))

    def event(self, event: QEvent) -> bool:
        """Tab moves the focus on: Qt would give it to the action of the menu that has it over images."""
        asked = event.type() == QEvent.Type.ShortcutOverride
        if asked and isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            event.accept()
            return True
        return super().event(event)


def icon_button(name: str, glyph: str, run: Callable[[], object], key: str = "") -> QToolButton:
    """A small button with an icon alone."""
    button = QToolButton()
    button.setIcon(icon(glyph, theme.SECONDARY))
    button.setIconSize(QSize(16, 16))
    button.setProperty("small", True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    describe(button, name, key)
    button.clicked.connect(lambda _=False: run())
    return button


def push_button(
    text: str, run: Callable[[], object], key: str = "", *, detail: str = "", primary: bool = False
) -> QPushButton:
    """A button with a word; primary is the one that a panel is for."""
    button = QPushButton(text)
    button.setProperty("primary", primary)
    button.setAutoDefault(False)
    describe(button, text, key, detail)
    if key.startswith("Alt+"):
        button.setShortcut(key)
    button.clicked.connect(lambda _=False: run())
    return button
