"""ProposalModel: the candidates that still wait for a decision, best score first."""

from __future__ import annotations

from dataclasses import dataclass
from operator import is_
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from medseg_app.app.candidate_names import names_of
from medseg_app.ui import figures

if TYPE_CHECKING:
    from medseg_app.core.case import Case
    from medseg_app.core.proposal import Candidate

AnyIndex = QModelIndex | QPersistentModelIndex

ITEM = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Item:
    """A candidate with its number in the proposal, its name and its volume as text."""

    number: int
    candidate: Candidate
    name: str
    volume: str


class ProposalModel(QAbstractListModel):
    """One row per undecided candidate whose score reaches the threshold."""

    def __init__(self) -> None:
        super().__init__()
        self._all: list[Item] = []
        self._source: object = None
        self._items: list[Item] = []

    def show_case(self, case: Case | None, threshold: float) -> None:
        """Show what is undecided in a case at or above a score."""
        proposal = case.proposal if case else None
        if case is None or proposal is None:
            self._all, self._source, wanted = [], None, []
        else:
            if proposal is not self._source:
                self._all, self._source = _items(case), proposal
            wanted = [i for i in self._all if i.number not in case.decisions and _reaches(i, threshold)]
        if len(wanted) == len(self._items) and all(map(is_, wanted, self._items)):
            return
        self.beginResetModel()
        self._items = wanted
        self.endResetModel()

    def index_of(self, number: int | None) -> QModelIndex:
        """The row of a candidate; invalid where it is not listed."""
        for place, item in enumerate(self._items):
            if item.number == number:
                return self.index(place)
        return QModelIndex()

    def numbers(self) -> list[int]:
        """Numbers of the listed candidates in the order of the screen."""
        return [item.number for item in self._items]

    # -- Qt ----------------------------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """How many candidates are listed."""
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What the delegate draws and a screen reader says."""
        item = self._items[index.row()]
        if role == ITEM:
            return item
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{item.name}, {figures.score(item.candidate.score)}, {item.volume}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{item.name}: click to go there, A accepts, X rejects."
        return None


def _items(case: Case) -> list[Item]:
    assert case.proposal is not None
    per_voxel = figures.voxel_ml(case.volume.geometry)
    items = []
    names = names_of(case.proposal.candidates)
    for number, candidate in enumerate(case.proposal.candidates):
        amount = None if per_voxel is None else candidate.voxel_count * per_voxel
        items.append(Item(number, candidate, names[number], figures.volume(amount)))
    return sorted(items, key=lambda i: (-_rank(i), i.number))


def _rank(item: Item) -> float:
    return 1.0 if item.candidate.score is None else item.candidate.score


def _reaches(item: Item, threshold: float) -> bool:
    return _rank(item) >= threshold
