"""TrainingPanel: learn a model from corrected cases or a data set, in a process beside the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QLineEdit, QSpinBox, QToolButton

from medseg_app.app.commands.models import train
from medseg_app.app.train import HowToTrain
from medseg_app.ui.buttons import give_key, icon_button, push_button

from .beginnings import BeginningChoice
from .field_grid import FieldGrid
from .section import Section
from .training_details import TrainingDetails
from .work_line import WorkLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from medseg_app.app.change import Change
    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task
    from medseg_app.engines.model_card import ModelCard

IDLE = "Learns from saved cases or a data set"
NO_CASES = "Choose the cases (Alt+Shift+C)."
NO_NAME = "Give the model a name (Alt+N)."
KEPT = "Stopped; Train goes on where it was."
FAILED = "The training failed; see above the image."
WEIGHTS = "Weights (*.pth *.pt *.bin *.safetensors);;All files (*)"
MINUTES, MOST_MINUTES = 60, 7 * 24 * 60
FIELD_INDENT = 8


class TrainingPanel(Section):
    """Hidden until it is asked for; one press of Train with what stands there suffices."""

    def __init__(self, session: Session) -> None:
        super().__init__("Training")
        self._session = session
        self.source, self.name = QLineEdit(), QLineEdit()
        self.source.setPlaceholderText("Folder of cases")
        self.beginning = BeginningChoice()
        self.minutes = _minutes()
        self.train_button = push_button("Train", self.start, "Alt+T", detail="Start to learn", primary=True)
        self.stop_button = push_button("Stop", self.stop, "Alt+S", detail="Stop and keep what was learnt")
        self.top.addWidget(_key_button("Close training", "x", self.hide, "Alt+X"))
        self._grid = FieldGrid()
        self._add_fields()
        self.details = TrainingDetails(self._grid)
        self.body.addLayout(self._grid)
        self.work = WorkLine(self, session, self.train_button, self.stop_button, self._show)
        self._connect()
        self._suggest_name()
        self.hide()

    def _add_fields(self) -> None:
        cases = _key_button("Choose the folder of cases", "folder-open", self._choose_cases, "Alt+Shift+C")
        self.weights_button = _key_button(
            "Start from a file of weights: torchvision's, or model.safetensors of a Mask2Former",
            "file", self._choose_weights, "Alt+Shift+B",
        )  # fmt: skip
        add = self._grid.add
        add("Cases", self.source, "Alt+C", "Folder of cases or of a data set", cases)
        add(
            "Start from",
            self.beginning,
            "Alt+B",
            "The model that goes on learning, or a new one",
            self.weights_button,
        )
        add("Name", self.name, "Alt+N", "Name of the trained model")
        add("Time", self.minutes, "Alt+U", "How long it learns; measuring it comes on top")

    def _connect(self) -> None:
        self.beginning.currentIndexChanged.connect(self._suggest_name)
        self.source.textChanged.connect(self._say_idle)
        self.name.textChanged.connect(self._say_idle)
        self._session.changed.connect(self._on_change)

    # -- what it is asked --------------------------------------------------------------------------

    def open(self, base: str = "") -> None:
        """Show it, ready to go on learning from a model (where one is named) on the cases at hand."""
        if not self.work.is_busy:
            if not self.source.text():
                self.source.setText(str(self._folder_of_cases() or ""))
            self.beginning.choose(base)
        self.open_at(self.train_button)

    def offer(self, cards: tuple[ModelCard, ...]) -> None:
        """The models that can go on learning."""
        self.beginning.offer(cards)

    def start(self) -> None:
        """Begin to learn."""
        chosen = self.beginning.chosen
        how = HowToTrain(
            task=chosen.task, base=chosen.base, max_minutes=float(self.minutes.value()),
            **self.details.values(),
        )  # fmt: skip
        source = Path(self.source.text()).expanduser()
        task = self._session.start(train, source=source, name=self.name.text(), how=how)
        self.work.follow(task, self._on_end)

    def stop(self) -> None:
        """Stop; what was learnt is kept."""
        self.work.stop()

    # -- what it shows -----------------------------------------------------------------------------

    def _show(self, *_: object) -> None:
        self._grid.enable(not self.work.is_busy)
        self.train_button.setEnabled(bool(self.source.text().strip() and self.name.text().strip()))

    def _say_idle(self, *_: object) -> None:
        """What is missing before it can begin."""
        self.work.say(
            NO_CASES if not self.source.text().strip() else IDLE if self.name.text().strip() else NO_NAME
        )
        self._show()

    def _on_end(self, task: Task) -> None:
        words = {"done": f"{self.name.text()} is trained.", "cancelled": KEPT}
        self.work.say(words.get(task.state, FAILED))

    def _on_change(self, change: Change) -> None:
        if "case" in change.kinds and not self.work.is_busy:
            self.source.setText(str(self._folder_of_cases() or self.source.text()))

    def _folder_of_cases(self) -> Path | None:
        """The folder of the open case, else of the case that was open last."""
        case = self._session.case
        if case is not None and case.path is not None:
            return case.path.parent
        recent = (Path(text) for text in self._session.settings.recent if text.endswith(".medseg"))
        return next((path.parent for path in recent), None)

    def _suggest_name(self, *_: object) -> None:
        chosen = self.beginning.chosen
        self.name.setText(chosen.name)
        self.details.offer_backbones(chosen.has_backbones)
        self._say_idle()

    def _choose_cases(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Folder of cases or of a data set", self.source.text()
        )
        if folder:
            self.source.setText(folder)

    def _choose_weights(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Start from a file of weights", str(Path.home()), WEIGHTS)
        if name:
            self.beginning.choose_file(Path(name))


def _key_button(name: str, glyph: str, run: Callable[[], object], key: str) -> QToolButton:
    made = icon_button(name, glyph, run, key)
    give_key(made, key)
    return made


def _minutes() -> QSpinBox:
    made = QSpinBox()
    made.setRange(1, MOST_MINUTES)
    made.setValue(MINUTES)
    made.setSuffix(" min")
    made.lineEdit().setTextMargins(FIELD_INDENT, 0, 0, 0)  # style sheets do not reach it
    return made
