"""TickDropDown: a drop-down of which any number of rows can be ticked; it shows which, or how many."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent, QStandardItem, QStandardItemModel

from .drop_down import DropDown

PRESSES = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)


class TickDropDown(DropDown):
    """A click or Space ticks a row and leaves the list open; Return and Escape close it.

    ticked: a tick was set or taken away by the reader. nothing: what is shown without a tick. things: what
    is shown after the number of several ticks, whose names would not fit.
    """

    ticked = Signal()

    def __init__(self, nothing: str, things: str) -> None:
        super().__init__()
        self._nothing, self._things = nothing, things
        self._rows = QStandardItemModel(self)
        self.setModel(self._rows)
        self._rows.itemChanged.connect(self._on_tick)
        self.view().viewport().installEventFilter(self)

    def set_rows(self, texts: Sequence[str], ticked: Collection[int]) -> None:
        """Show other rows, ticked where told to."""
        self._rows.removeRows(0, self._rows.rowCount())
        for place, text in enumerate(texts):
            row = QStandardItem(text)
            row.setToolTip(text)
            row.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            row.setCheckable(True)
            row.setCheckState(_state(place in ticked))
            self._rows.appendRow(row)
        self._show()

    @property
    def ticks(self) -> tuple[int, ...]:
        """The rows that are ticked, from the top."""
        rows = range(self._rows.rowCount())
        return tuple(n for n in rows if self._rows.item(n).checkState() == Qt.CheckState.Checked)

    @property
    def shown_text(self) -> str:
        """What is ticked, whichever row was touched last."""
        texts = self._ticked_texts
        return f"{len(texts)} {self._things}" if len(texts) > 1 else texts[0] if texts else self._nothing

    @property
    def _ticked_texts(self) -> list[str]:
        return [self._rows.item(n).text() for n in self.ticks]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A click on a row ticks it; Qt would choose the row and close the list."""
        if not isinstance(event, QMouseEvent) or watched is not self.view().viewport():
            return super().eventFilter(watched, event)
        if event.type() in PRESSES and event.button() == Qt.MouseButton.LeftButton:
            row = self._rows.itemFromIndex(self.view().indexAt(event.position().toPoint()))
            if row is not None:
                row.setCheckState(_state(row.checkState() != Qt.CheckState.Checked))
        return event.type() in (*PRESSES, QEvent.Type.MouseButtonRelease)

    def _on_tick(self) -> None:
        self._show()
        self.ticked.emit()

    def _show(self) -> None:
        self.setAccessibleDescription(", ".join(self._ticked_texts) or self._nothing)
        self.update()


def _state(ticked: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
