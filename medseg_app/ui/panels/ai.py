"""AiPanel: choose a model, read its card, run it, stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QProgressBar, QSizePolicy

from medseg_app.app.commands.proposals import run_model
from medseg_app.app.first_cost import first_cost
from medseg_app.app.run_costs import RunCosts, in_words
from medseg_app.engines.expected_device import expected_device
from medseg_app.engines.joined_card import JOINT
from medseg_app.ui import figures
from medseg_app.ui.banner import VerdictMark
from medseg_app.ui.buttons import describe, icon_button, push_button, tip
from medseg_app.ui.drop_down import DropDown
from medseg_app.ui.labels import ElidedLabel

from .model_card_view import ModelCardView, is_demonstration
from .model_choice import best_place, describe_choices, misfit_of
from .section import Section
from .together import Together
from .warm_model import WarmModel

if TYPE_CHECKING:
    from PySide6.QtGui import QEnterEvent

    from medseg_app.app.change import Change
    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task
    from medseg_app.engines.model_card import ModelCard
    from medseg_app.engines.registry import ModelSearch
    from medseg_app.ui.off_thread import OffThread

LOOKING = "Looking for models"
RUN = "Run the chosen model"
NO_MODEL = "No model; download one (Ctrl+Shift+D)."
DEMONSTRATION = "For demonstration only"


class AiPanel(Section):
    """One line to choose and run, one for what the model is, one for what a run takes; the card opens below.

    Progress takes the line of what the model is.

    found: the cards of all models, each time they were looked for. wants_to_learn: name of the model that
    is to go on training.
    """

    found = Signal(tuple)
    wants_to_learn = Signal(str)

    def __init__(self, session: Session, beside: OffThread) -> None:
        super().__init__("AI")
        self._session, self._beside = session, beside
        self._cards: list[ModelCard] = []
        self._task: Task | None = None
        self._costs = RunCosts(session.folders.cache)
        self._looking = True
        self._warm = WarmModel(session, beside)
        self.choice = DropDown()
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        describe(self.choice, "Model", "Ctrl+Shift+M")
        self.run_button = push_button("Run", self.run, "Ctrl+R", detail=RUN, primary=True)
        self.stop_button = push_button("Stop", self.stop, "Ctrl+.", detail="Stop the model")
        self.mark = VerdictMark("note", 14)
        self.summary = ElidedLabel(LOOKING, "caption")
        self.cost = ElidedLabel("", "caption")
        self.about = icon_button("About this model", "caret-down", self.toggle_card, "Ctrl+I")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.card = ModelCardView()
        self.learn_button = push_button(
            "Learn from my cases", self._ask_to_learn, "Ctrl+Shift+T", detail="Go on training this model"
        )
        self.together = Together()
        self._build()
        self.choice.currentIndexChanged.connect(self._show)
        self.together.partners.ticked.connect(self._show)
        self.choice.activated.connect(self._keep_choice)
        session.changed.connect(self._on_change)
        session.tasks.changed.connect(self._on_task)

    def _build(self) -> None:
        line = self.row(self.choice, self.run_button, self.stop_button)
        line.setStretch(0, 1)
        line = self.row(self.mark, self.summary, self.about)
        line.setStretch(1, 1)
        self.row(self.bar)
        self.row(self.cost)
        self.body.addLayout(self.together)
        self.row(self.card)
        self.row(self.learn_button)
        self.card.hide()
        self.learn_button.hide()
        self._show()
        self._show_running()

    def find_models(self) -> None:
        """Look for models beside the window."""
        from medseg_app.engines.processor_speed import processor_gflops
        from medseg_app.engines.registry import search_models

        def look() -> ModelSearch:
            processor_gflops()  # kept from here on, so that nobody waits for it when a cost is told
            return search_models()

        self._beside.run(look, self._on_found)

    @property
    def chosen(self) -> ModelCard | None:
        """The card of the chosen model."""
        place = self.choice.currentIndex()
        return self._cards[place] if 0 <= place < len(self._cards) else None

    @property
    def model_name(self) -> str:
        """What runs: the chosen model, or it and others joined by +; empty without a model."""
        return JOINT.join(card.name for card in self.together.cards)

    @property
    def misfit(self) -> str:
        """Why the chosen model cannot run now; empty where it can."""
        card, case = self.chosen, self._session.case
        if card is None:
            return LOOKING if self._looking else NO_MODEL
        return misfit_of(card, case.volume if case else None)

    def run(self) -> None:
        """Run the chosen model on the open series."""
        card = self.chosen
        if card is None or self._task is not None or self.misfit:
            return
        self._keep_choice()
        within = self.together.keep_both.within
        self._task = self._session.start(run_model, model=self.model_name, within=within)
        self._show_running()

    def enterEvent(self, event: QEnterEvent) -> None:
        """A mouse that comes here may run the model: the seconds until then are used."""
        super().enterEvent(event)
        if self._task is None and not self.misfit:
            self._warm.ask(self.model_name)

    def _keep_choice(self, *_: object) -> None:
        """Offer this model again for images of this modality."""
        card, case = self.chosen, self._session.case
        if card is not None and case is not None and not self.misfit:
            self._session.settings.models[case.volume.modality] = card.name

    def stop(self) -> None:
        """Stop the running model."""
        if self._task is not None:
            self._task.cancel()
            self.summary.setText("Stopping")

    @property
    def is_running(self) -> bool:
        """Whether a model runs."""
        return self._task is not None

    def open_choice(self) -> None:
        """Open the list of models."""
        if self.choice.isEnabled():
            self.choice.setFocus()
            self.choice.showPopup()

    def toggle_card(self) -> None:
        """Open or close the card."""
        self.card.setVisible(not self.card.isVisible() and self.chosen is not None)
        self.together.show_lines(self.card.isVisible())
        self.learn_button.setVisible(self.card.isVisible())

    def _ask_to_learn(self) -> None:
        if self.chosen is not None:
            self.wants_to_learn.emit(self.chosen.name)

    def _on_found(self, found: ModelSearch) -> None:
        self._looking = False
        self._cards = [folder.card for folder in found.models if folder.card.task != "interactive"]
        self._list_models()
        self._choose_fitting()
        self._show()
        self.found.emit(tuple(self._cards))
        for path, error in found.refused:
            self._session.tell("note", f"{path.name}: {error.message}", error.hint)

    def _list_models(self) -> None:
        """List them anew without a moment in which none is chosen: then no other would stay ticked."""
        chosen = self.choice.currentText()
        with QSignalBlocker(self.choice):
            self.choice.clear()
            self.choice.addItems([card.name for card in self._cards])
            self.choice.setCurrentIndex(max(self.choice.findText(chosen), 0))

    def _on_change(self, change: Change) -> None:
        if "models" in change.kinds:
            self.find_models()
        if "case" in change.kinds:
            self._choose_fitting()
            self._show()

    def _choose_fitting(self) -> None:
        """Offer the model that suits the open series best."""
        case = self._session.case
        describe_choices(self.choice, self._cards, case.volume if case else None)
        if case is not None:
            used = self._session.settings.models.get(case.volume.modality, "")
            place = best_place(self._cards, case.volume, used)
            self.choice.setCurrentIndex(self.choice.currentIndex() if place is None else place)

    def _show(self, *_: object) -> None:
        card, misfit = self.chosen, self.misfit
        self.card.show_card(card)
        case = self._session.case
        self.together.offer(card, self._cards, case.volume if case else None)
        self.choice.setEnabled(bool(self._cards))
        self.about.setEnabled(card is not None)
        self.run_button.setEnabled(not misfit)
        self.run_button.setToolTip(f"{misfit}\n{tip(RUN, 'Ctrl+R')}".strip())
        if self._task is not None:
            return
        demonstration = card is not None and is_demonstration(card)
        self.mark.setVisible(demonstration and not misfit)
        told = misfit or ("" if card is None else DEMONSTRATION if demonstration else card.summary)
        self.summary.setText(told)
        where = f" Models are looked for in {self._session.folders.models}." if misfit == NO_MODEL else ""
        self.summary.setToolTip(told + where)
        self._show_cost("" if misfit else self._cost_text())

    def _show_cost(self, text: str) -> None:
        self.cost.setText(text)
        self.cost.setToolTip(text)
        self.cost.setVisible(bool(text))

    def _cost_text(self) -> str:
        """What a run takes: as the last ones took here, else by the card; empty where nobody knows."""
        case = self._session.case
        if case is None:
            return ""
        settings = self._session.settings
        device, voxels = expected_device(settings.device), case.volume.voxels.size
        cost = self._costs.expected(self.model_name, device, settings.precision, voxels)
        if cost is not None:
            return f"Takes {in_words(cost)}"
        cost = first_cost(self.together.cards, case.volume.geometry, device, settings.precision)
        return "" if cost is None else f"By its card, takes {in_words(cost)}"

    def _on_task(self, task: Task) -> None:
        if task is not self._task:
            return
        if task.is_over:
            self._learn(task)
            if task.state != "done":
                self._warm.forget()  # a worker that did not stop in time was ended
            self._task = None
            self._show()
        self._show_running()

    def _learn(self, task: Task) -> None:
        case = self._session.case
        if task.state == "done" and case is not None and case.volume.id == task.value.volume_id:
            self._costs.learn(task.value, case.volume.voxels.size)

    def _show_running(self) -> None:
        task = self._task
        self.run_button.setVisible(task is None)
        self.stop_button.setVisible(task is not None)
        self.bar.setVisible(task is not None)
        if task is not None:
            self.mark.hide()
            self.cost.hide()
            self.bar.setValue(round(1000 * task.fraction))
            self.summary.setText(figures.progress(task.message, task.seconds_left))
