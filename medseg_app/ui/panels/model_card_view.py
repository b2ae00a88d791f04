"""ModelCardView: what a model is for, what it may be used for and how good it was, in a reader's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout

from medseg_app.ui.labels import label

from .model_figures import figures_in_words

if TYPE_CHECKING:
    from medseg_app.engines.backend import Backend
    from medseg_app.engines.model_card import ModelCard

NAMES_SHOWN = 6
PRECISION = "Precision"
DEVICES = {"cpu": "the processor", "cuda": "a graphics card", "mps": "an Apple GPU"}
INSTEAD = {"exact": "gives the reference itself", "fast": "gives the same as exact"}
"""What is computed where a backend comes too far from the reference (see engines/precision.py)."""
TASKS = {
    "semantic": "Marks organs and tissues",
    "instance": "Finds single lesions",
    "panoptic": "Marks organs and finds single lesions",
    "interactive": "Marks what it is shown",
}


class ModelCardView(QFrame):
    """Lines of a word and a sentence; made anew for each model."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 8, 12, 8)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)

    def show_card(self, card: ModelCard | None) -> None:
        """Show a card, or nothing."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for row, (word, sentence) in enumerate(card_lines(card) if card else []):
            text = label(sentence, "caption", wrap=True)
            text.setProperty("role", "body")
            if word == PRECISION and card is not None:
                text.setToolTip(computed_by(card.backends))
            self._grid.addWidget(label(word, "caption"), row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(text, row, 1)


def card_lines(card: ModelCard) -> list[tuple[str, str]]:
    """(word, sentence) for each line of a card."""
    lines = [
        ("Does", f"{_task(card)}: {_names([label.name for label in card.classes.values()])}"),
        ("Images", ", ".join(card.modality)),
        ("Tested", figures_in_words(card.figures) or "No figures on its card"),
        (PRECISION, closeness_in_words(card.backends)),
        ("Data", card.data),
        ("Training", card.trained),
        ("Licence", card.licence),
        ("Version", card.version if card.size_mb is None else f"{card.version}, {card.size_mb:.1f} MB"),
    ]
    return [(word, sentence) for word, sentence in lines if sentence]


def _task(card: ModelCard) -> str:
    """By what is given: of a network that marks voxels of findings each connected piece is one."""
    only_findings = all(label.kind == "instance" for label in card.labels.values())
    return TASKS["instance" if only_findings and card.task == "semantic" else card.task]


def closeness_in_words(backends: tuple[Backend, ...]) -> str:
    """How close "exact" and "fast" come to the reference; empty where that was not measured.

    The reference is the model as it was trained, computed by torch in float32.
    """
    return "\n".join(_closeness(one) for one in backends)


def _closeness(one: Backend) -> str:
    what = _what(one)
    if one.is_reference:
        return f"{what}: the reference itself."
    if one.dice is None:
        return f"{what}: neither it nor the reference found anything to compare."
    if one.is_close:
        return f"{what}: Dice {one.dice:.4f} to the reference."
    return f"{what}: {INSTEAD[one.precision]}, because Dice {one.dice:.4f} to the reference is too low."


def computed_by(backends: tuple[Backend, ...]) -> str:
    """What computes "exact" and "fast", for those who look after the computer."""
    return "\n".join(f"{_what(one)}: {one.by}" for one in backends)


def _what(one: Backend) -> str:
    arithmetic = "" if one.precision == "exact" else f" ({one.arithmetic})"
    return f"{one.precision.capitalize()} on {DEVICES[one.device]}{arithmetic}"


def is_demonstration(card: ModelCard) -> bool:
    """Whether the card says that the model is for demonstration only."""
    return "demonstration only" in f"{card.summary} {card.data} {card.licence}".lower()


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
