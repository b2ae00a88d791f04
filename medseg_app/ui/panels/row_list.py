"""RowList: a list as high as its rows where there is room, that gives way to a few where there is none."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QAbstractItemView, QListView, QSizePolicy

from medseg_app.ui.buttons import describe


class RowList(QListView):
    """Rows of one height, scrolled by pixels."""

    def __init__(self, row_height: int, name: str, keys: str, detail: str) -> None:
        super().__init__()
        self._row_height, self._most = row_height, row_height
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        describe(self, name, keys, detail)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def hold(self, least: int, most: int, *, grows: bool = False) -> None:
        """Show at least and at most so many rows; grows: take more room than that where nobody needs it."""
        self._most = self._row_height * most + 2
        self.setMinimumHeight(self._row_height * least + 2)
        self.setMaximumHeight(16_777_215 if grows else self._most)
        policy = QSizePolicy.Policy.Expanding if grows else QSizePolicy.Policy.Preferred
        self.setSizePolicy(QSizePolicy.Policy.Expanding, policy)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """As high as the most rows that it may show."""
        return QSize(160, self._most)
