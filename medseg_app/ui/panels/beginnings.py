"""BeginningChoice: what a training starts from: a new network, a model, or weights in a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QSignalBlocker, Qt

from medseg_app.app.train import can_go_on
from medseg_app.engines.foreign.saved_transformer import find_saved_transformer
from medseg_app.ui.drop_down import DropDown

if TYPE_CHECKING:
    from medseg_app.engines.model_card import ModelCard


@dataclass(frozen=True)
class Beginning:
    """One of them. words, meaning: as it is listed, with its tooltip. base, task: see HowToTrain.

    name: suggested for what comes of it.
    """

    words: str
    meaning: str
    name: str = "my-model"
    base: str = ""
    task: Literal["semantic", "instance"] | None = None

    @property
    def has_backbones(self) -> bool:
        """Whether it is a new Mask R-CNN, which there is with several backbones."""
        return not self.base and self.task == "instance"


NEW = (
    Beginning("New: organs, tissues", "A new network that marks organs and tissues", task="semantic"),
    Beginning("New: findings", "A new network that finds single lesions", task="instance"),
)


class BeginningChoice(DropDown):
    """Lists new networks first, then models that can go on learning, then files that were chosen."""

    def __init__(self) -> None:
        super().__init__()
        self._models: list[Beginning] = []
        self._files: list[Beginning] = []
        self._list()

    @property
    def chosen(self) -> Beginning:
        """What stands in the field."""
        return self._all[max(self.currentIndex(), 0)]

    @property
    def _all(self) -> list[Beginning]:
        return [*NEW, *self._models, *self._files]

    def offer(self, cards: Iterable[ModelCard]) -> None:
        """List the models of these cards that can go on learning."""
        self._models = [_of_model(card) for card in cards if can_go_on(card)]
        self._list()

    def choose_file(self, path: Path) -> None:
        """List a file of weights, and choose it."""
        made = _of_file(path)
        self._files = [*(one for one in self._files if one != made), made]
        self._list()
        self.choose(made.base)

    def choose(self, base: str) -> None:
        """Choose what starts from a base, where it is listed."""
        bases = [one.base for one in self._all]
        if base and base in bases:
            self.setCurrentIndex(bases.index(base))

    def _list(self) -> None:
        chosen = self.currentText()
        with QSignalBlocker(self):
            self.clear()
            for place, one in enumerate(self._all):
                self.addItem(one.words)
                self.setItemData(place, one.meaning, Qt.ItemDataRole.ToolTipRole)
            self.setCurrentIndex(max(self.findText(chosen), 0))
        if self.currentText() != chosen:
            self.currentIndexChanged.emit(self.currentIndex())


def _of_model(card: ModelCard) -> Beginning:
    return Beginning(card.name, card.summary, f"{card.name}-mine", card.name)


def _of_file(path: Path) -> Beginning:
    """Weights that transformers saved all have the same name, so their folder's is told too."""
    words = f"{path.parent.name}/{path.name}" if find_saved_transformer(path) else path.name
    return Beginning(words, str(path), base=str(path))
