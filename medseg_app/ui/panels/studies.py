"""StudiesPanel: which series there are; thumbnails, geometry badges, findings in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractItemView, QTreeView

from medseg_app.ui.buttons import ActionButton, describe
from medseg_app.ui.labels import label
from medseg_app.ui.thumbnails import Thumbnails

from .section import Section
from .study_delegate import StudyDelegate
from .study_entries import Entry, entries_of
from .study_model import ENTRY, KIND, StudyModel

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QResizeEvent

    from medseg_app.app.change import Change
    from medseg_app.app.session import Session
    from medseg_app.core.volume import Volume
    from medseg_app.ui.actions import Actions
    from medseg_app.ui.off_thread import OffThread

EMPTY = "Drop a folder here, or press Ctrl+O."
SETTLE_MS = 80


class StudyTree(QTreeView):
    """The tree; a click on a badge opens or closes the findings of its series."""

    def __init__(self, model: StudyModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(StudyDelegate())
        self.setHeaderHidden(True)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setExpandsOnDoubleClick(False)
        self.setMouseTracking(True)
        self.setDragEnabled(True)
        describe(self, "Studies and series", "Return and Shift+Return", "Open a series, or show it beside")
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        index = self.indexAt(place)
        on_badge = index.data(KIND) == "series" and StudyDelegate.on_badge(self.visualRect(index), place)
        if on_badge:
            self.setExpanded(index, not self.isExpanded(index))
        else:
            super().mousePressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()


class StudiesPanel(Section):
    """Follows the session's list of studies; a chosen id goes to `open_series` or `show_beside`."""

    def __init__(
        self,
        session: Session,
        beside: OffThread,
        open_series: Callable[[str], object],
        show_beside: Callable[[str], object],
    ) -> None:
        super().__init__("Studies")
        self._session, self._open_series, self._show_beside = session, open_series, show_beside
        self.model = StudyModel()
        self.tree = StudyTree(self.model)
        self.empty = label(EMPTY, "empty", wrap=True)
        self.row(self.empty)
        self.body.addWidget(self.tree, 1)
        self.body.addStretch(0)
        self._in_sight = ""
        self._pictured: Volume | None = None
        self._thumbnails = Thumbnails(beside, self._show_picture)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self.show_studies)
        self.tree.doubleClicked.connect(self._open)
        self.tree.activated.connect(self._open)
        session.changed.connect(self._on_change)
        self.show_studies()

    def use(self, actions: Actions) -> None:
        """Put the open button into the heading line; a right click on a series offers to show it beside."""
        self.top.addWidget(ActionButton(actions["open_folder"], small=True))
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_chosen_beside(self) -> None:
        """Show the series that is chosen in the tree beside the open one."""
        self._hand_on(self.tree.currentIndex(), self._show_beside)

    def show_studies(self) -> None:
        """Bring the tree up to date."""
        case = self._session.case
        studies = self._session.studies
        known = {info.series_uid for info in studies}
        coming = [found for found in studies.announced.values() if found.series_uid not in known]
        entries = entries_of([*studies, *coming], case.volume if case else None)
        if self.model.show_entries(entries):
            self._expand()
        self._mark_shown()
        self._bring_into_sight(case.volume.id if case else "")
        self.fact.setText(str(len(entries)) if entries else "")
        self.empty.setVisible(not entries)
        self.tree.setVisible(bool(entries))
        for entry in self.model.without_picture():
            self._thumbnails.ask(entry.source)
        self._picture_of_file(entries, case.volume if case else None)

    def _picture_of_file(self, entries: Sequence[Entry], volume: Volume | None) -> None:
        """Have a picture made of what was opened from a file of its own, whenever that is another one."""
        is_new, self._pictured = volume is not self._pictured, volume
        if is_new and volume is not None and any(e.id == volume.id and e.source is None for e in entries):
            self._thumbnails.ask_open(volume)

    def _mark_shown(self) -> None:
        case, beside = self._session.case, self._session.beside
        self.model.mark_shown(case.volume.id if case else "", beside.case.volume.id if beside else "")

    def _bring_into_sight(self, entry_id: str) -> None:
        """Scroll to the open series when it has become another one."""
        item = self.model.item_of(entry_id)
        if item is not None and entry_id != self._in_sight:
            self._in_sight = entry_id
            self.tree.scrollTo(item.index())

    def _expand(self) -> None:
        """Patients and studies are open; findings open by themselves where there is a problem."""
        self.tree.expandToDepth(1)
        for entry in (item for item in entries_of(self._session.studies, None) if item.verdict == "problem"):
            item = self.model.item_of(entry.id)
            if item is not None:
                self.tree.expand(item.index())

    def _on_change(self, change: Change) -> None:
        if "case" in change.kinds:
            self.show_studies()
        elif "studies" in change.kinds:
            self._settle.start()
        if "beside" in change.kinds:
            self._mark_shown()

    def _open(self, index: QModelIndex) -> None:
        self._hand_on(index, self._open_series)

    @staticmethod
    def _hand_on(index: QModelIndex, receive: Callable[[str], object]) -> None:
        if index.data(KIND) == "series":
            entry: Entry = index.data(ENTRY)
            if entry.source is not None:
                receive(entry.id)

    def _show_picture(self, entry_id: str, picture: QImage) -> None:
        self.model.set_picture(entry_id, picture)
