"""FocusLoan: what asks something in a panel takes the keys, and gives them back to who had them."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid


class FocusLoan:
    """Without it Qt gives the keys to a neighbour: arrows would then move a slider instead of the slices."""

    def __init__(self, borrower: QWidget) -> None:
        self._borrower = borrower
        self._lender: QWidget | None = None

    def take(self, widget: QWidget) -> None:
        """Give the keys to the borrower or a part of it."""
        now = QApplication.focusWidget()
        if now is not None and not self._holds(now):
            self._lender = now
        widget.setFocus()

    def give_back(self) -> None:
        """Let the keys go where they were, unless the reader took them elsewhere meanwhile."""
        lender, self._lender = self._lender, None
        now = QApplication.focusWidget()
        if lender is not None and now is not None and self._holds(now) and isValid(lender):
            lender.setFocus()

    def _holds(self, widget: QWidget) -> bool:
        return widget is self._borrower or self._borrower.isAncestorOf(widget)
