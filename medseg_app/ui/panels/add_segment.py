"""AddSegment: a line to type a structure's name in, with the coded terms that match below it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QVBoxLayout

from medseg_app.app.terms import Term, search_terms
from medseg_app.ui.buttons import describe
from medseg_app.ui.focus_loan import FocusLoan

MATCHES = 6
ROW_HEIGHT = 26
HINT = "Liver, kidney, tumour, or a name of your own"


class AddSegment(QFrame):
    """Return adds the marked term, or the typed name as it is. Emits chosen(name, coded fields)."""

    chosen = Signal(str, dict)

    def __init__(self) -> None:
        super().__init__()
        self._terms: list[Term] = []
        self._keys = FocusLoan(self)
        self.line = QLineEdit()
        self.line.setPlaceholderText(HINT)
        describe(self.line, "Name of the new segment", "N", "Type to search the coded terms; Return adds")
        self.line.installEventFilter(self)
        self.line.textEdited.connect(self._search)
        self._model = QStringListModel()
        self.matches = QListView()
        self.matches.setModel(self._model)
        self.matches.setProperty("role", "terms")
        describe(
            self.matches, "Coded terms that match", "Return", "Up and Down choose a term; Return adds it"
        )
        self.matches.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.matches.clicked.connect(lambda _: self._add())
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 0, 12, 4)
        whole.setSpacing(4)
        whole.addWidget(self.line)
        whole.addWidget(self.matches)
        self.hide()

    def open(self) -> None:
        """Show the line, empty, with the most usual terms."""
        self.show()
        self.line.clear()
        self._search("")
        self._keys.take(self.line)

    def hideEvent(self, event: QHideEvent) -> None:
        """The keys go back to the images, or wherever they were."""
        self._keys.give_back()
        super().hideEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys walk through the terms, Return adds, Escape closes."""
        if not isinstance(event, QKeyEvent) or event.type() == QEvent.Type.KeyRelease:
            return super().eventFilter(watched, event)
        acts = {
            Qt.Key.Key_Down: lambda: self._walk(1),
            Qt.Key.Key_Up: lambda: self._walk(-1),
            Qt.Key.Key_Return: self._add,
            Qt.Key.Key_Enter: self._add,
            Qt.Key.Key_Escape: self.hide,
        }
        act = acts.get(Qt.Key(event.key()))
        if act is None:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # the keys of the window wait while a name is typed
        else:
            act()
        return True

    def _search(self, text: str) -> None:
        self._terms = search_terms(text)[:MATCHES]
        self._model.setStringList([term.name for term in self._terms])
        self.matches.setFixedHeight(max(1, len(self._terms)) * ROW_HEIGHT + 2)
        self.matches.setVisible(bool(self._terms))
        if self._terms and text.strip():
            self.matches.setCurrentIndex(self._model.index(0))

    def _walk(self, by: int) -> None:
        if self._terms:
            now = self.matches.currentIndex().row()
            self.matches.setCurrentIndex(self._model.index((now + by) % len(self._terms)))

    def _add(self) -> None:
        place = self.matches.currentIndex().row()
        typed = self.line.text().strip()
        self.hide()
        if 0 <= place < len(self._terms):
            term = self._terms[place]
            self.chosen.emit(term.name, term.coded)
        else:
            self.chosen.emit(typed, {})
