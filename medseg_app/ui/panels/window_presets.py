"""WindowPresets: the presets that make sense for the open series, each with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from medseg_app.app.beside import in_hand
from medseg_app.app.commands import view
from medseg_app.app.windows import window_names
from medseg_app.ui.buttons import describe

if TYPE_CHECKING:
    from medseg_app.app.change import Change
    from medseg_app.app.session import Session
    from medseg_app.app.view_state import ViewState

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
        session.view.events.is_active.connect(self._show, max_args=0)
        self._follow(session.view)
        self._show()

    def _follow(self, state: ViewState) -> None:
        state.events.window_name.connect(self._mark)
        state.events.window.connect(self._mark)

    def _on_change(self, change: Change) -> None:
        if "beside" in change.kinds and self._session.beside is not None:
            self._follow(self._session.beside.view)
        if {"case", "beside"} & change.kinds:
            self._show()

    def _show(self) -> None:
        names = window_names(in_hand(self._session)[0].modality) if self._session.case else ()
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
        used = in_hand(self._session)[1].window_name if self._session.case else ""
        for name, button in self._buttons.items():
            button.setChecked(name == used)
