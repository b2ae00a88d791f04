"""SegmentController: turns what a reader does in the segment list into commands of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QMenu

from medseg_app.app.commands import segments as commands
from medseg_app.ui import figures
from medseg_app.ui.buttons import ActionButton
from medseg_app.ui.focus_loan import FocusLoan

from .add_segment import AddSegment
from .label_look import LabelLook
from .question import Question
from .segments import SegmentsPanel
from .swatches import SwatchMenu

if TYPE_CHECKING:
    from medseg_app.app.change import Change
    from medseg_app.app.session import Session
    from medseg_app.ui.actions import Actions

REFRESH_MS = 60
MENU = ("rename", "recolour", "toggle_lock", "toggle_visible", "", "duplicate_segment", "merge_segments", "",
        "delete_segment")  # fmt: skip
BUTTONS = ("add_segment", "duplicate_segment", "merge_segments", "delete_segment")


class SegmentController:
    """Owns the panel's line of buttons, the look of labels, the add line and the question before deleting."""

    def __init__(self, panel: SegmentsPanel, session: Session) -> None:
        self.panel, self._session = panel, session
        self.add_line = AddSegment()
        self.question = Question("Delete")
        self.look = LabelLook(session.view)
        self._to_delete: list[int] = []
        self._keys = FocusLoan(panel.list)
        # Volumes change many times during a stroke; the list is repainted a few times a second.
        self._refresh = QTimer(panel, singleShot=True, interval=REFRESH_MS)
        self._place()
        self._connect()
        self._on_case()

    def _place(self) -> None:
        panel = self.panel
        panel.body.insertWidget(0, self.add_line)
        panel.row(self.question)
        panel.body.addWidget(self.look)

    def _connect(self) -> None:
        panel, view = self.panel, self._session.view.events
        panel.model.renamed.connect(self._rename)
        # The list takes the keys when its editor has closed.
        panel.delegate.closeEditor.connect(lambda *_: QTimer.singleShot(0, panel, self._keys.give_back))
        panel.delegate.clicked_part.connect(self._on_part)
        panel.list.chosen.connect(self.choose)
        panel.list.customContextMenuRequested.connect(self._open_menu)
        self.add_line.chosen.connect(self._add)
        self.look.strength_asked.connect(self.set_strength)
        self._refresh.timeout.connect(self._show_voxels)
        view.active_segment.connect(self._show_active)
        view.hidden.connect(self._show_hidden)
        self._session.changed.connect(self._on_change)

    def use(self, actions: Actions) -> None:
        """Put the buttons of the panel in its heading line."""
        self._actions = actions
        for name in BUTTONS:
            self.panel.top.addWidget(ActionButton(actions[name], small=True))

    # -- from the session --------------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        self._drop_what_is_over(change)
        if change.kinds & {"case", "segments"}:
            self._on_case()
        elif "voxels" in change.kinds and not self._refresh.isActive():
            self._refresh.start()

    def _drop_what_is_over(self, change: Change) -> None:
        """A question about segments that are gone, or of another case, would be answered about others."""
        case = self._session.case
        there = case is not None and all(case.segmentation.has(number) for number in self._to_delete)
        if "case" in change.kinds or not there:
            self.question.hide()
            self._to_delete = []
        if "case" in change.kinds:
            self.add_line.hide()

    def _on_case(self) -> None:
        case = self._session.case
        self.panel.show_segments(case.segmentation if case else None)
        self.look.setVisible(case is not None and bool(case.segmentation.segments))
        self._show_hidden()
        self._show_active()

    def _show_voxels(self) -> None:
        self.panel.model.refresh()

    def _show_active(self, *_: object) -> None:
        self.panel.model.active = self._session.view.active_segment
        self.panel.list.select(self._session.view.active_segment)
        self.panel.model.refresh()

    def _show_hidden(self, *_: object) -> None:
        self.panel.model.hidden = self._session.view.hidden
        self.panel.model.refresh()

    # -- from the reader ---------------------------------------------------------------------------

    def choose(self, segment_id: int) -> None:
        """Make a segment active; a finding is also brought into sight."""
        case = self._session.case
        if case is None or not case.segmentation.has(segment_id):
            return
        if case.segmentation.segment(segment_id).kind == "instance":
            self._session.start(commands.jump_to_segment, segment_id=segment_id)
        else:
            self._session.view.active_segment = segment_id

    def chosen_ids(self) -> list[int]:
        """What duplicate, merge and delete are about: the selection, or else the active segment."""
        active = self._session.view.active_segment
        return self.panel.list.selected_ids() or ([] if active is None else [active])

    def ask_new(self) -> None:
        """Open the line that asks what to add."""
        if self._session.case is not None:
            self.add_line.open()

    def edit_name(self) -> None:
        """Let the reader type over the name of the chosen segment."""
        index = self.panel.model.index_of(next(iter(self.chosen_ids()), None))
        if index.isValid():
            self._keys.take(self.panel.list)
            self.panel.list.edit(index)

    def duplicate(self) -> None:
        """Copy the chosen segments."""
        for segment_id in self.chosen_ids():
            self._session.start(commands.duplicate_segment, segment_id=segment_id)

    def merge(self) -> None:
        """Merge the chosen segments into the first of them."""
        self._session.start(commands.merge_segments, segment_ids=tuple(self.chosen_ids()))

    def toggle_lock(self) -> None:
        """Lock or unlock the chosen segments."""
        for segment_id in self.chosen_ids():
            self._session.start(commands.toggle_lock, segment_id=segment_id)

    def toggle_visible(self) -> None:
        """Hide or show the chosen segments."""
        for segment_id in self.chosen_ids():
            self._session.start(commands.toggle_visible, segment_id=segment_id)

    def set_strength(self, strength: float) -> None:
        """Let the chosen segments cover the image with this share of the opacity of all."""
        for segment_id in self.chosen_ids():
            self._session.start(commands.set_strength, segment_id=segment_id, strength=strength)

    def ask_delete(self) -> None:
        """Ask in the panel whether the chosen segments are to be deleted."""
        ids = self.chosen_ids()
        if self._session.case is not None and ids:
            self._to_delete = ids
            self.question.ask(self._delete_text(ids), lambda: self._delete(ids))

    def ask_colour(self, place: QPoint | None = None) -> None:
        """Show the palette at a place, or at the chosen row."""
        ids = self.chosen_ids()
        if not ids:
            return
        view = self.panel.list
        at = place or view.viewport().mapToGlobal(
            view.visualRect(self.panel.model.index_of(ids[0])).bottomLeft()
        )
        menu = SwatchMenu(view)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.chosen.connect(lambda colour: self._recolour(ids, colour))
        menu.popup(at)

    def _delete_text(self, ids: list[int]) -> str:
        case = self._session.open()
        if len(ids) > 1:
            return f"Delete {len(ids)} segments with their voxels?"
        segment = case.segmentation.segment(ids[0])
        return f"Delete {segment.name}, {figures.volume(self.panel.model.millilitres(ids[0]))}?"

    def _delete(self, ids: list[int]) -> None:
        for segment_id in ids:
            self._session.start(commands.delete_segment, segment_id=segment_id)

    def _add(self, name: str, coded: dict[str, object]) -> None:
        self._session.start(commands.add_segment, name=name, **coded)

    def _rename(self, segment_id: int, name: str) -> None:
        self._session.start(commands.change_segment, segment_id=segment_id, name=name)

    def _recolour(self, ids: list[int], colour: tuple[int, int, int]) -> None:
        for segment_id in ids:
            self._session.start(commands.change_segment, segment_id=segment_id, colour=colour)

    def _on_part(self, segment_id: int, part: str, place: QPoint) -> None:
        if part == "eye":
            self._session.start(commands.toggle_visible, segment_id=segment_id)
        elif part == "lock":
            self._session.start(commands.toggle_lock, segment_id=segment_id)
        else:
            self.panel.list.select(segment_id)
            self.ask_colour(place)

    def _open_menu(self, place: QPoint) -> None:
        if self.panel.ask_place(place):
            menu: QMenu = self._actions.menu("Segment", MENU, self.panel.list)
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(self.panel.list.viewport().mapToGlobal(place))
