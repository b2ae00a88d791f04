"""TrainingPanel: learn a model from corrected cases or a data set, in a process beside the window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QLineEdit,
    QProgressBar,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from medseg_app.app.commands.models import train
from medseg_app.app.train import HowToTrain
from medseg_app.ui import figures
from medseg_app.ui.buttons import describe, give_key, icon_button, push_button
from medseg_app.ui.drop_down import DropDown
from medseg_app.ui.labels import ElidedLabel, label

from .section import Section

if TYPE_CHECKING:
    from medseg_app.app.change import Change
    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task
    from medseg_app.engines.model_card import ModelCard

IDLE = "Learns from saved cases or a data set"
NO_CASES = "Choose the folder of cases (Alt+Shift+C)."
NO_NAME = "Give the model a name (Alt+N)."
MINUTES, MOST_MINUTES = 60, 7 * 24 * 60
FIELD_INDENT = 8
ABSENT: dict[str, Literal["", "unknown", "empty"]] = {
    "As the data says": "",
    "Not looked for": "unknown",
    "Not there": "empty",
}
"""What a class without a voxel in a case means."""
KEPT = "Stopped; Train goes on where it was."


@dataclass(frozen=True)
class Beginning:
    """What a training starts from: a model, or a new network for a task."""

    words: str
    base: str = ""
    task: Literal["semantic", "instance"] | None = None


NEW = (
    Beginning("New: organs and tissues", task="semantic"),
    Beginning("New: single findings", task="instance"),
)


class TrainingPanel(Section):
    """Hidden until it is asked for; one press of Train with what stands there suffices."""

    def __init__(self, session: Session) -> None:
        super().__init__("Training")
        self._session = session
        self._task: Task | None = None
        self._choices: list[Beginning] = list(NEW)
        self.source = QLineEdit()
        self.source.setPlaceholderText("Folder of cases")
        describe(self.source, "Cases", "Alt+C", "Folder of cases or of a data set")
        self.beginning = DropDown()
        self.beginning.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        describe(self.beginning, "Start from", "Alt+B", "The model that goes on learning, or a new one")
        self.name = QLineEdit()
        describe(self.name, "Name", "Alt+N", "Name of the trained model")
        self.absent = DropDown()
        self.absent.addItems(list(ABSENT))
        self.absent.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        describe(self.absent, "Not marked", "Alt+K", "What it means that a case has no voxel of a class")
        self.minutes = QSpinBox()
        self.minutes.setRange(1, MOST_MINUTES)
        self.minutes.setValue(MINUTES)
        self.minutes.setSuffix(" min")
        self.minutes.lineEdit().setTextMargins(FIELD_INDENT, 0, 0, 0)  # style sheets do not reach it
        describe(self.minutes, "Minutes", "Alt+M", "How long it learns; the model is finished by then")
        self.train_button = push_button("Train", self.start, "Alt+T", detail="Start to learn", primary=True)
        self.stop_button = push_button("Stop", self.stop, "Alt+S", detail="Stop and keep what was learnt")
        self.summary = ElidedLabel(IDLE, "caption")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        for field, key in (
            (self.source, "Alt+C"), (self.beginning, "Alt+B"), (self.name, "Alt+N"), (self.minutes, "Alt+M"),
            (self.absent, "Alt+K"),
        ):  # fmt: skip
            give_key(field, key)
        self._build()
        self.offer(())
        self._show_idle()
        self.hide()
        session.changed.connect(self._on_change)
        session.tasks.changed.connect(self._on_task)

    def _build(self) -> None:
        self.top.addWidget(self._close_button())
        choose = icon_button("Choose the folder of cases", "folder-open", self._choose, "Alt+Shift+C")
        give_key(choose, "Alt+Shift+C")
        grid = QGridLayout()
        grid.setContentsMargins(12, 0, 12, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        rows: list[tuple[str, QWidget]] = [
            ("Cases", self.source),
            ("Start from", self.beginning),
            ("Not marked", self.absent),
            ("Name", self.name),
            ("Time", self.minutes),
        ]
        for row, (word, field) in enumerate(rows):
            grid.addWidget(label(word, "caption"), row, 0)
            grid.addWidget(field, row, 1, 1, 1 if field is self.source else 2)
        grid.addWidget(choose, 0, 2)
        self.body.addLayout(grid)
        line = self.row(self.summary, self.stop_button, self.train_button)
        line.setStretch(0, 1)
        self.row(self.bar)
        self.beginning.currentIndexChanged.connect(self._suggest_name)
        self.source.textChanged.connect(lambda _: self._show_idle())
        # A name also changes by itself when a model was trained; what is said of that is to stay then.
        self.name.textEdited.connect(lambda _: self._show_idle())
        self.name.textChanged.connect(lambda _: self._show())
        self.beginning.activated.connect(lambda _: self._show_idle())
        self._show()

    def _close_button(self) -> QWidget:
        button = icon_button("Close training", "x", self.hide, "Alt+X")
        give_key(button, "Alt+X")
        return button

    # -- what it is asked --------------------------------------------------------------------------

    def open(self, base: str = "") -> None:
        """Show it, ready to go on learning from a model (where one is named) on the cases at hand."""
        if self._task is None:
            if not self.source.text():
                self.source.setText(str(self._folder_of_cases() or ""))
            bases = [choice.base for choice in self._choices]
            if base in bases:
                self.beginning.setCurrentIndex(bases.index(base))
        self.show()
        self.train_button.setFocus()

    def offer(self, cards: tuple[ModelCard, ...]) -> None:
        """The models that can go on learning."""
        chosen = self.beginning.currentText()
        known = [Beginning(c.name, c.name) for c in cards if c.engine in TRAINABLE]
        self._choices = [*NEW, *known]
        self.beginning.clear()
        self.beginning.addItems([choice.words for choice in self._choices])
        self.beginning.setCurrentIndex(max(self.beginning.findText(chosen), 0))

    def start(self) -> None:
        """Begin to learn."""
        choice = self._choices[self.beginning.currentIndex()]
        how = HowToTrain(
            task=choice.task, base=choice.base, max_minutes=float(self.minutes.value()),
            absent=ABSENT[self.absent.currentText()],
        )  # fmt: skip
        source = Path(self.source.text()).expanduser()
        self._task = self._session.start(train, source=source, name=self.name.text(), how=how)
        self._show()

    def stop(self) -> None:
        """Stop; what was learnt is kept."""
        if self._task is not None:
            self._task.cancel()
            self.summary.setText("Stopping")

    # -- what it shows -----------------------------------------------------------------------------

    def _show(self) -> None:
        task = self._task
        for field in (self.source, self.beginning, self.absent, self.name, self.minutes):
            field.setEnabled(task is None)
        self.train_button.setVisible(task is None)
        self.train_button.setEnabled(bool(self.source.text().strip() and self.name.text().strip()))
        self.stop_button.setVisible(task is not None)
        self.bar.setVisible(task is not None)
        if task is not None:
            self.bar.setValue(round(1000 * task.fraction))
            self.summary.setText(figures.progress(task.message, task.seconds_left))

    def _show_idle(self) -> None:
        """What is missing before it can begin."""
        self.summary.setText(
            NO_CASES if not self.source.text().strip() else IDLE if self.name.text().strip() else NO_NAME
        )
        self._show()

    def _on_task(self, task: Task) -> None:
        if task is not self._task:
            return
        if task.is_over:
            self._task = None
            words = {"done": f"{self.name.text()} is trained.", "cancelled": KEPT}
            self.summary.setText(words.get(task.state, "The training failed; see above the image."))
        self._show()

    def _on_change(self, change: Change) -> None:
        if "case" in change.kinds and self._task is None:
            self.source.setText(str(self._folder_of_cases() or self.source.text()))

    def _folder_of_cases(self) -> Path | None:
        """The folder of the open case, else of the case that was open last."""
        case = self._session.case
        if case is not None and case.path is not None:
            return case.path.parent
        recent = (Path(text) for text in self._session.settings.recent if text.endswith(".medseg"))
        return next((path.parent for path in recent), None)

    def _suggest_name(self, place: int) -> None:
        choice = self._choices[place] if 0 <= place < len(self._choices) else NEW[0]
        self.name.setText(f"{choice.base}-mine" if choice.base else "my-model")

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Folder of cases or of a data set", self.source.text()
        )
        if folder:
            self.source.setText(folder)


TRAINABLE = frozenset({"unet", "mask_rcnn", "yolact", "mask2former"})
