"""SegmentModel: the segments of the open case as a Qt list; rows are made anew only when rows change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from medseg_app.ui import figures

from .segment_rows import Row, rows_of

if TYPE_CHECKING:
    from medseg_app.core.segmentation import Segmentation

AnyIndex = QModelIndex | QPersistentModelIndex

ROW = Qt.ItemDataRole.UserRole
VOLUME = Qt.ItemDataRole.UserRole + 1
VISIBLE = Qt.ItemDataRole.UserRole + 2
ACTIVE = Qt.ItemDataRole.UserRole + 3


class SegmentModel(QAbstractListModel):
    """One row per segment and per heading. Emits `renamed(id, name)` when a name was typed."""

    renamed = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._places: dict[int, int] = {}
        self._segmentation: Segmentation | None = None
        self._voxel_ml: float | None = None
        self.hidden: frozenset[int] = frozenset()
        self.active: int | None = None

    def show_segments(self, segmentation: Segmentation | None) -> None:
        """Show the segments of a case (None: no case)."""
        rows = rows_of(segmentation.segments) if segmentation else []
        self._segmentation = segmentation
        self._voxel_ml = figures.voxel_ml(segmentation.geometry) if segmentation else None
        if [self._key(row) for row in rows] == [self._key(row) for row in self._rows]:
            self._rows = rows
            self.refresh()
            return
        self.beginResetModel()
        self._rows = rows
        self._places = {row.segment.id: n for n, row in enumerate(rows) if row.segment}
        self.endResetModel()

    def refresh(self) -> None:
        """Repaint all rows that are on the screen: volumes, colours, states."""
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def index_of(self, segment_id: int | None) -> QModelIndex:
        """The row of a segment; invalid where it has none."""
        place = self._places.get(segment_id) if segment_id is not None else None
        return QModelIndex() if place is None else self.index(place)

    def segment_ids(self) -> list[int]:
        """Ids in the order of the screen."""
        return list(self._places)

    def millilitres(self, segment_id: int) -> float | None:
        """Volume of a segment in ml."""
        if self._segmentation is None or self._voxel_ml is None or not self._segmentation.has(segment_id):
            return None
        return self._segmentation.voxel_count(segment_id) * self._voxel_ml

    # -- Qt ----------------------------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """How many rows there are."""
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Headings cannot be selected; names can be typed over."""
        if not index.isValid() or self._rows[index.row()].segment is None:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What the delegate draws."""
        row = self._rows[index.row()]
        answers = {
            Qt.ItemDataRole.DisplayRole: lambda: row.text,
            Qt.ItemDataRole.EditRole: lambda: row.segment.name if row.segment else row.text,
            Qt.ItemDataRole.ToolTipRole: lambda: self._tip(row),
            Qt.ItemDataRole.AccessibleTextRole: lambda: self._spoken(row),
            ROW: lambda: row,
            VOLUME: lambda: self._volume(row),
            VISIBLE: lambda: row.segment is not None and row.segment.id not in self.hidden,
            ACTIVE: lambda: row.segment is not None and row.segment.id == self.active,
        }
        answer = answers.get(role)
        return answer() if answer else None

    def setData(self, index: AnyIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Pass a typed name on; the row changes when the session has changed."""
        segment = self._rows[index.row()].segment
        name = str(value).strip()
        if segment is None or not name or name == segment.name:
            return False
        self.renamed.emit(segment.id, name)
        return True

    @staticmethod
    def _key(row: Row) -> tuple[str, int]:
        return (row.text if row.segment is None else "", row.segment.id if row.segment else -1)

    def _volume(self, row: Row) -> str:
        return figures.volume(self.millilitres(row.segment.id)) if row.segment else ""

    def _tip(self, row: Row) -> str:
        if row.segment is None:
            return self._spoken(row)
        meaning = row.segment.type.meaning
        known = "" if meaning == row.segment.name else f"{meaning}, "
        return f"{row.segment.name}: {known}{self._volume(row)}. Click to make it active, F2 to rename."

    def _spoken(self, row: Row) -> str:
        if row.segment is None:
            return f"{row.text}, {row.count}"
        lock = ", locked" if row.segment.locked else ""
        return f"{row.segment.name}, {self._volume(row)}{lock}"
