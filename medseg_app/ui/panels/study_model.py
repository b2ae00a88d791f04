"""StudyModel: patient, study, series and, below a series, the findings of its geometry passport."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QMimeData, QModelIndex, Qt
from PySide6.QtGui import QImage, QStandardItem, QStandardItemModel

from .study_entries import Entry

Kind = Literal["patient", "study", "series", "finding"]

KIND = Qt.ItemDataRole.UserRole
ENTRY = Qt.ItemDataRole.UserRole + 1
PICTURE = Qt.ItemDataRole.UserRole + 2
VERDICT = Qt.ItemDataRole.UserRole + 3
OPENED = Qt.ItemDataRole.UserRole + 4
BESIDE = Qt.ItemDataRole.UserRole + 5


SERIES_TYPE = "application/x-medseg-series"
"""What a dragged row carries: the id of its series."""
KEYS = "Double-click or Return opens it, Shift+Return shows it beside the open series."


class StudyModel(QStandardItemModel):
    """Grows with the list of studies; pictures are filled in as they are made."""

    def __init__(self) -> None:
        super().__init__()
        self._series: dict[str, QStandardItem] = {}
        self._shown: list[Entry] = []

    def show_entries(self, entries: list[Entry]) -> bool:
        """Show these series. Returns whether anything changed."""
        if entries == self._shown:
            return False
        pictures = {key: item.data(PICTURE) for key, item in self._series.items()}
        self.clear()
        self._series, self._shown = {}, entries
        parents: dict[tuple[str, ...], QStandardItem] = {}
        for entry in entries:
            patient = self._group(parents, (entry.patient,), "patient", self.invisibleRootItem())
            study = self._group(parents, (entry.patient, entry.study), "study", patient)
            item = _item(entry.title, "series")
            item.setData(entry, ENTRY)
            item.setData(entry.verdict, VERDICT)
            item.setData(pictures.get(entry.id), PICTURE)
            item.setDragEnabled(entry.source is not None)
            item.setToolTip(f"{entry.title}, {entry.facts}. {KEYS}")
            item.appendRows([_finding(verdict, text) for verdict, text in entry.findings])
            study.appendRow(item)
            self._series[entry.id] = item
        return True

    def mimeTypes(self) -> list[str]:
        return [SERIES_TYPE]

    def supportedDragActions(self) -> Qt.DropAction:
        """A series is never moved: with Shift held, Qt would take its row away."""
        return Qt.DropAction.CopyAction

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The id of the series that is dragged, so that the images can show it."""
        data = QMimeData()
        for entry in (index.data(ENTRY) for index in indexes[:1]):
            data.setData(SERIES_TYPE, entry.id.encode())
        return data

    def without_picture(self) -> list[Entry]:
        """Entries that a thumbnail can be made of and that have none."""
        items = self._series.values()
        return [i.data(ENTRY) for i in items if i.data(PICTURE) is None and i.data(ENTRY).source is not None]

    def set_picture(self, entry_id: str, picture: QImage) -> None:
        """Show a thumbnail."""
        item = self._series.get(entry_id)
        if item is not None:
            item.setData(picture, PICTURE)

    def mark_shown(self, open_id: str, beside_id: str) -> None:
        """Mark the series that is open, and the one that stands beside it."""
        for key, item in self._series.items():
            item.setData(key == open_id, OPENED)
            item.setData(key == beside_id, BESIDE)

    def item_of(self, entry_id: str) -> QStandardItem | None:
        """The row of a series."""
        return self._series.get(entry_id)

    @staticmethod
    def _group(
        parents: dict[tuple[str, ...], QStandardItem], key: tuple[str, ...], kind: Kind, above: QStandardItem
    ) -> QStandardItem:
        if key not in parents:
            parents[key] = _item(key[-1], kind)
            parents[key].setToolTip(key[-1])  # the row may be too narrow for it
            above.appendRow(parents[key])
        return parents[key]


def _item(text: str, kind: Kind) -> QStandardItem:
    item = QStandardItem(text)
    item.setData(kind, KIND)
    item.setEditable(False)
    item.setDragEnabled(False)
    if kind != "series":
        item.setSelectable(False)
    return item


def _finding(verdict: str, text: str) -> QStandardItem:
    item = _item(text, "finding")
    item.setData(verdict, VERDICT)
    return item
