"""VolumeView: the 3D view, drawn only when the user asks for it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from medseg_app.app.session import Session
from medseg_app.core.case import Case
from medseg_app.ui.labels import label


class VolumeView(QWidget):
    """Says how to switch 3D on; then shows the labels as surfaces."""

    double_clicked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._hint = label("3D is off. Click here to draw it.", "caption")
        column = QVBoxLayout(self)
        column.addWidget(self._hint, 0, Qt.AlignmentFlag.AlignCenter)

    def show_case(self, case: Case | None) -> None:
        self._hint.setVisible(case is not None)

    def labels_changed(self) -> None: ...

    def show_drawn(self, drawn: bool) -> None: ...

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.double_clicked.emit()
