"""SegmentsPanel: what has been marked, with its colour, volume, score, lock and visibility."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView

from medseg_app.ui.labels import label

from .row_list import RowList
from .section import Section
from .segment_delegate import ROW_HEIGHT, SegmentDelegate
from .segment_model import ROW, SegmentModel
from .segment_rows import Row

if TYPE_CHECKING:
    from medseg_app.core.segmentation import Segmentation

EMPTY_CASE = "Open a series first (Ctrl+O)."
EMPTY_LIST = "Add a segment (N) or run a model (Ctrl+R)."
ROWS_LEAST, ROWS_MOST = 5, 10


class SegmentList(RowList):
    """The list itself: says what the reader chose, changes nothing by itself."""

    chosen = Signal(int)
    """A click on the name of a segment, or Return: make it active, show it if it is a finding."""

    def __init__(self, model: SegmentModel, delegate: SegmentDelegate) -> None:
        super().__init__(ROW_HEIGHT, "Segments", "Return and F2", "Choose a segment, or give it another name")
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def selected_ids(self) -> list[int]:
        """Ids of the selected segments in the order of the screen."""
        rows: list[Row] = [i.data(ROW) for i in sorted(self.selectedIndexes(), key=QModelIndex.row)]
        return [row.segment.id for row in rows if row.segment]

    def select(self, segment_id: int | None) -> None:
        """Select one segment and bring it into sight, unless it already is part of the selection."""
        model = self.model()
        assert isinstance(model, SegmentModel)
        index = model.index_of(segment_id)
        if not index.isValid():
            self.clearSelection()
        elif not self.selectionModel().isSelected(index):
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.selectionModel().setCurrentIndex(index, flag)
        self.scrollTo(index)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the selected segment in sight when other panels take room."""
        super().resizeEvent(event)
        chosen = self.selectedIndexes()
        if len(chosen) == 1:
            self.scrollTo(chosen[0])

    def _choose(self, index: QModelIndex) -> None:
        row: Row = index.data(ROW)
        if row.segment is not None:
            self.chosen.emit(row.segment.id)


class SegmentsPanel(Section):
    """List and the line of buttons under it; the actions and questions are added by its controller."""

    def __init__(self) -> None:
        super().__init__("Segments")
        self.model = SegmentModel()
        self.delegate = SegmentDelegate()
        self.list = SegmentList(self.model, self.delegate)
        self.empty = label(EMPTY_CASE, "empty", wrap=True)
        self.row(self.empty)
        self.body.addWidget(self.list, 1)
        self.body.addStretch(0)
        self.show_segments(None)

    def show_segments(self, segmentation: Segmentation | None) -> None:
        """Show the segments of a case, or the line that says what to do."""
        self.model.show_segments(segmentation)
        count = len(segmentation.segments) if segmentation else 0
        self.fact.setText(str(count) if count else "")
        self.empty.setText(EMPTY_LIST if segmentation else EMPTY_CASE)
        self.empty.setVisible(count == 0)
        self.list.setVisible(count > 0)
        rows = max(self.model.rowCount(), 1)
        self.list.hold(min(rows, ROWS_LEAST), min(rows, ROWS_MOST), grows=True)

    def ask_place(self, place: QPoint) -> list[int]:
        """The segments that a context menu at a place is about."""
        index = self.list.indexAt(place)
        if index.isValid() and not self.list.selectionModel().isSelected(index):
            self.list.selectionModel().select(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        return self.list.selected_ids()
