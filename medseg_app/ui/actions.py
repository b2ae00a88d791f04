"""Actions: everything a user can do as QActions, with title, key, icon and a tooltip that names the key."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from . import theme
from .buttons import tip
from .icons import icon


class Actions:
    """The actions of the window by name. They belong to the window, so their keys work everywhere in it."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._actions: dict[str, QAction] = {}
        self._tips: dict[str, str] = {}

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __contains__(self, name: str) -> bool:
        return name in self._actions

    def names(self) -> list[str]:
        """All names in the order in which the actions were made."""
        return list(self._actions)

    def add(
        self,
        name: str,
        title: str,
        run: Callable[[], object],
        keys: str = "",
        *,
        glyph: str = "",
        detail: str = "",
    ) -> QAction:
        """Make an action. keys: one or more key sequences, separated by blanks; the first is shown."""
        action = QAction(title, self._window)
        action.setShortcuts([QKeySequence(key) for key in keys.split()])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(lambda _checked=False: run())
        if glyph:
            action.setIcon(icon(glyph))
        self._window.addAction(action)
        self._actions[name], self._tips[name] = action, detail or title
        self.describe(name)
        return action

    def add_switch(
        self,
        name: str,
        title: str,
        flip: Callable[[bool], object],
        keys: str = "",
        *,
        glyph: str = "",
        detail: str = "",
    ) -> QAction:
        """Make an action that is on or off."""
        action = self.add(name, title, lambda: flip(self[name].isChecked()), keys, glyph=glyph, detail=detail)
        action.setCheckable(True)
        if glyph:
            action.setIcon(icon(glyph, theme.SECONDARY, theme.TEXT))
        return action

    def describe(self, name: str, detail: str = "") -> None:
        """Write the tooltip anew, for example with the name of the step that undo takes back."""
        action = self._actions[name]
        text = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(tip(detail or self._tips[name], text))

    def set_key(self, name: str, keys: str) -> None:
        """Give an action other keys."""
        self._actions[name].setShortcuts([QKeySequence(key) for key in keys.split()])
        self.describe(name)

    def keep_to(self, name: str, widget: QWidget) -> None:
        """Let the key of an action work only inside a widget: Tab and Space have other uses elsewhere."""
        action = self._actions[name]
        self._window.removeAction(action)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        widget.addAction(action)

    def menu(self, title: str, names: Sequence[str], parent: QWidget) -> QMenu:
        """A menu of actions; an empty name is a line between two groups."""
        made = QMenu(title, parent)
        made.setToolTipsVisible(True)
        for name in names:
            made.addAction(self._actions[name]) if name else made.addSeparator()
        return made
