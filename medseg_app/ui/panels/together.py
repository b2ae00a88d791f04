"""Together: the second model that runs with the chosen one, and what both may keep of the same voxels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker

from medseg_app.ui.drop_down import DropDown

from .field_grid import FieldGrid
from .keep_both import KeepBoth
from .model_choice import partners_of

if TYPE_CHECKING:
    from medseg_app.engines.model_card import ModelCard

PARTNER = "Run a second model too and merge organs with findings"
KEEP_BOTH = "Findings that are part of an organ: both keep the voxels; else the finding takes them"


class Together(FieldGrid):
    """A line for the second model; with one, a line for the pairs of finding and class that are kept.

    cards: of the models that run as one, the chosen one first; empty without a model.
    """

    def __init__(self) -> None:
        super().__init__()
        self.partner, self.keep_both = DropDown(), KeepBoth()
        self.cards: list[ModelCard] = []
        self._shown = False
        self._names: list[str] = []
        self.add("Together with", self.partner, "Ctrl+Shift+Y", PARTNER)
        self.add("Keep both", self.keep_both, "Ctrl+Shift+K", KEEP_BOTH)
        self.show_lines(False)

    def offer(self, chosen: ModelCard | None, cards: Sequence[ModelCard]) -> None:
        """Offer the models whose results can be merged with those of the chosen one."""
        partners = partners_of(chosen, cards) if chosen is not None else []
        self._list_partners([card.name for card in partners])
        name = self.partner.currentData()
        self.cards = [*([chosen] if chosen else []), *(card for card in partners if card.name == name)]
        self.keep_both.offer(self.cards)
        self.show_lines(self._shown)

    def _list_partners(self, names: list[str]) -> None:
        if self.partner.count() and names == self._names:
            return
        self._names = names
        with QSignalBlocker(self.partner):
            self.partner.clear()
            self.partner.addItem("No other model", "")
            for name in names:
                self.partner.addItem(name, name)

    def show_lines(self, shown: bool) -> None:
        """Show what there is to choose, or hide it; what was chosen holds in both cases."""
        self._shown = shown
        self.show_line(self.partner, shown)
        self.show_line(self.keep_both, shown and len(self.cards) > 1)
