"""TrainingDetails: what a training seldom needs to be told, behind one line that opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from medseg_app.ui import theme
from medseg_app.ui.buttons import give_key, icon_button, tip
from medseg_app.ui.drop_down import DropDown
from medseg_app.ui.icons import icon

from .field_grid import FieldGrid

WORD, KEY = "More choices", "Alt+H"
ABSENT = {"As the data says": "", "Not looked for": "unknown", "Not there": "empty"}
"""What a class without a voxel in a case means."""
IMAGES = {"As the data says": "", "CT": "CT", "MR": "MR", "PET": "PT"}
BACKBONES = {"Slim, as usual": "", "MobileNet": "mobilenet", "ResNet-18": "resnet18", "ResNet-50": "resnet50"}
"""Words for those of engines/backbones.py; without one a Mask R-CNN is slim."""


class TrainingDetails:
    """Lines at the end of a grid. What is closed counts all the same, so its line says how much is set."""

    def __init__(self, grid: FieldGrid) -> None:
        self._grid = grid
        self._is_open = self._has_backbones = False
        self.button = _opener(self.flip)
        self.absent, self.images, self.backbone = _choice(ABSENT), _choice(IMAGES), _choice(BACKBONES)
        grid.add_whole(self.button)
        add = grid.add
        add("Not marked", self.absent, "Alt+K", "What it means that a case has no voxel of a class")
        add("Images", self.images, "Alt+G", "What took the images, where the data does not say it")
        add("Backbone", self.backbone, "Alt+E", "Network inside a model of findings: the larger, the slower")
        self._show()

    def flip(self) -> None:
        """Open or close it."""
        self._is_open = not self._is_open
        self._show()

    def offer_backbones(self, offered: bool) -> None:
        """Ask for a backbone, or do not."""
        self._has_backbones = offered
        self._show()

    def values(self) -> dict[str, Any]:
        """The words of HowToTrain that are chosen here."""
        return {
            "absent": self.absent.currentData(),
            "modality": self.images.currentData(),
            "backbone": self.backbone.currentData() if self._has_backbones else "",
        }

    def _show(self) -> None:
        for field in (self.absent, self.images, self.backbone):
            self._grid.show_line(field, self._is_open and (field is not self.backbone or self._has_backbones))
        count = sum(value != "" for value in self.values().values())
        self.button.setText(f"{WORD}, {count} set" if count and not self._is_open else WORD)
        give_key(self.button, KEY)  # which a button forgets with its text
        self.button.setIcon(icon("caret-down" if self._is_open else "caret-right", theme.SECONDARY))


def _opener(flip: Callable[[], object]) -> QToolButton:
    made = icon_button(WORD, "caret-right", flip)
    made.setToolTip(tip("What a training seldom needs to be told", KEY))
    made.setProperty("role", "disclosure")
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return made


def _choice(words: dict[str, str]) -> DropDown:
    made = DropDown()
    for word, value in words.items():
        made.addItem(word, value)
    return made
