"""WindowPresets: the presets that make sense for the open series, each with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from medseg_app.app.commands import view
from medseg_app.ui.buttons import describe

if TYPE_CHECKING:
    from medseg_app.app.session import Session

COLUMNS = 3


class WindowPresets(QWidget):
    """Buttons in three columns; the one in use is marked."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._buttons: dict[str, QPushButton] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 0, 12, 0)
        self._grid.setSpacing(4)
        session.changed.connect(self._on_change)
        session.view.events.window_name.connect(self._mark)
        session.view.events.window.connect(self._mark)
        self._show()

    def _on_change(self, change: object) -> None:
        if "case" in getattr(change, "kinds", ()):
            self._show()

    def _show(self) -> None:
        case = self._session.case
        names = view.window_names(case.volume.modality) if case else ()
        if list(self._buttons) != list(names):
            for button in self._buttons.values():
                self._grid.removeWidget(button)
                button.deleteLater()
            self._buttons = {name: self._button(name, number) for number, name in enumerate(names)}
        self._mark()

    def _button(self, name: str, number: int) -> QPushButton:
        button = QPushButton(name)
        button.setCheckable(True)
        button.setAutoDefault(False)
        describe(button, f"Window preset {name}", str(number + 1), name)
        button.clicked.connect(lambda: self._session.start(view.set_window, name=name))
        self._grid.addWidget(button, number // COLUMNS, number % COLUMNS)
        return button

    def _mark(self, *_: object) -> None:
        for name, button in self._buttons.items():
            button.setChecked(name == self._session.view.window_name)
