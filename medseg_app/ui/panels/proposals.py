"""ProposalsPanel: what a model found, to be accepted or rejected one by one or from a score upwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import QSlider

from medseg_app.app.commands import proposals
from medseg_app.ui.buttons import describe, push_button
from medseg_app.ui.labels import label

from .proposal_delegate import ROW_HEIGHT, ProposalDelegate
from .proposal_model import ITEM, Item, ProposalModel
from .row_list import RowList
from .section import Section

if TYPE_CHECKING:
    from medseg_app.app.change import Change
    from medseg_app.app.session import Session
    from medseg_app.core.proposal import Proposal

EMPTY = "Run a model to get proposals (Ctrl+R)."
RUNNING = "Dotted outlines are found so far and not final. Decide when the model is done."
ALL_DECIDED = "All decided. Shift+X undoes a rejection."
SETTLE_MS = 40
ROWS_LEAST, ROWS_MOST = 3, 7


class ProposalsPanel(Section):
    """Candidates by score; a click goes there, A accepts, X rejects, Tab goes on.

    arrived: a model has proposed something.
    """

    arrived = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__("Proposals")
        self._session = session
        self._told: Proposal | None = None
        self.model = ProposalModel()
        self.delegate = ProposalDelegate()
        self.list = self._make_list()
        self.empty = label(EMPTY, "empty", wrap=True)
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setRange(0, 100)
        describe(self.threshold, "Least score", ", and .", "Proposals below this score are hidden")
        self.threshold_text = label("0.00", "caption")
        self.threshold_text.setFixedWidth(32)
        self.accept = push_button(
            "Accept",
            lambda: self.decide_selected("accept"),
            "A",
            detail="Accept the selected proposal",
            primary=True,
        )
        self.reject = push_button(
            "Reject", lambda: self.decide_selected("reject"), "X", detail="Reject the selected proposal"
        )
        self.accept_all = push_button(
            "Accept all", self.accept_listed, "Shift+A", detail="Accept all that are listed"
        )
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._build()
        self._connect()
        self.show_case()

    def _make_list(self) -> RowList:
        made = RowList(ROW_HEIGHT, "Proposals", "A and X", "Accept or reject the selected proposal")
        made.setModel(self.model)
        made.setItemDelegate(self.delegate)
        return made

    def _build(self) -> None:
        self.row(self.empty)
        self.body.addWidget(self.list)
        self.controls = [
            self.line(label("Least score", "secondary"), self.threshold, self.threshold_text),
            self.line(self.accept, self.reject, self.accept_all),
        ]

    def _connect(self) -> None:
        self.delegate.decided.connect(self.decide)
        self.list.clicked.connect(self._on_clicked)
        self.threshold.valueChanged.connect(lambda _: self._settle.start())
        self.threshold.valueChanged.connect(lambda value: self.threshold_text.setText(f"{value / 100:.2f}"))
        self._settle.timeout.connect(self._set_threshold)
        view = self._session.view.events
        view.threshold.connect(self.show_case)
        view.selected_candidate.connect(self._show_selected)
        self._session.changed.connect(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kinds & {"case", "proposal"}:
            self.show_case()

    def show_case(self, *_: object) -> None:
        """Show what the open case has proposed and not decided."""
        case, threshold = self._session.case, self._session.view.threshold
        self.model.show_case(case, threshold)
        proposal = case.proposal if case else None
        # The height follows the whole proposal, so that nothing moves while it is decided.
        most = len(proposal.candidates) if proposal else 0
        left = len(proposal.candidates) - len(case.decisions) if case and proposal else 0
        shown = self.model.rowCount()
        self.fact.setText(f"{left} left" if most else "")
        self.empty.setText(RUNNING if case and case.so_far else _empty_text(proposal, left, shown))
        self.empty.setVisible(shown == 0)
        self.list.setVisible(shown > 0)
        self.list.hold(min(max(most, 1), ROWS_LEAST), min(max(most, 1), ROWS_MOST))
        for line in self.controls:
            line.setVisible(most > 0)
        self.threshold.setValue(round(100 * threshold))
        self.threshold.setEnabled(left > 0)
        self.accept_all.setText(f"Accept all {shown}" if shown > 1 else "Accept all")
        self.accept_all.setEnabled(shown > 0)
        self._show_selected()
        if shown and proposal is not self._told:
            self._told = proposal
            self.arrived.emit()

    def decide(self, number: int, answer: str) -> None:
        """Accept or reject a candidate, then go to the one that follows."""
        command = proposals.accept_candidate if answer == "accept" else proposals.reject_candidate
        self._session.start(command, number=number)
        following = self._session.view.selected_candidate
        if following is not None:
            self.go_to(following)

    def step(self, by: int) -> None:
        """Go to the next (1) or previous (-1) proposal."""
        numbers = self.model.numbers()
        if not numbers:
            return
        current = self._session.view.selected_candidate
        place = numbers.index(current) + by if current in numbers else 0
        self.go_to(numbers[place % len(numbers)])

    def go_to(self, number: int) -> None:
        """Select a candidate and bring the linked cross to its middle."""
        self._session.start(proposals.jump_to_candidate, number=number)

    def decide_selected(self, answer: str) -> None:
        """Accept or reject the selected candidate, if one is selected."""
        number = self._selected()
        if number is not None:
            self.decide(number, answer)

    def reconsider(self) -> None:
        """Take the last rejection back and go to that proposal."""
        case = self._session.case
        rejected = [n for n, answer in case.decisions.items() if answer == "rejected"] if case else []
        if rejected:
            self._session.start(proposals.reopen_candidate, number=rejected[-1])
            self.go_to(rejected[-1])

    def move_threshold(self, by: int) -> None:
        """Raise or lower the least score, in hundredths."""
        if self.threshold.isEnabled():
            self.threshold.setValue(self.threshold.value() + by)

    def accept_listed(self) -> None:
        """Accept every candidate that the list shows, in one step."""
        numbers = tuple(self.model.numbers())
        if numbers:
            self._session.start(proposals.accept_candidates, numbers=numbers)

    def _selected(self) -> int | None:
        chosen = self._session.view.selected_candidate
        return chosen if chosen in self.model.numbers() else None

    def _set_threshold(self) -> None:
        self._session.view.threshold = self.threshold.value() / 100

    def _on_clicked(self, index: QModelIndex) -> None:
        item: Item | None = index.data(ITEM)
        if item is not None:  # a click on a sign decided the row away
            self.go_to(item.number)

    def _show_selected(self, *_: object) -> None:
        index = self.model.index_of(self._session.view.selected_candidate)
        for button in (self.accept, self.reject):
            button.setEnabled(index.isValid())
        if index.isValid():
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.list.selectionModel().setCurrentIndex(index, flag)
            self.list.scrollTo(index)
        else:
            self.list.clearSelection()


def _empty_text(proposal: Proposal | None, left: int, shown: int) -> str:
    if proposal is None:
        return EMPTY
    if not proposal.candidates:
        return f"{proposal.model.name} found nothing on this series."
    if left and not shown:
        return f"{left} below this score."
    return ALL_DECIDED
