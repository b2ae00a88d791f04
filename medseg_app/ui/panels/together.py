"""Together: the models that run with the chosen one, and what two of them may keep of the same voxels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from medseg_app.ui.tick_drop_down import TickDropDown

from .field_grid import FieldGrid
from .keep_both import KeepBoth
from .model_choice import partners_of

if TYPE_CHECKING:
    from medseg_app.core.volume import Volume
    from medseg_app.engines.model_card import ModelCard

PARTNERS = "Run other models too: organs are merged with findings, and models that find the same vote"
KEEP_BOTH = "Findings that are part of an organ: both keep the voxels; else the finding takes them"


class Together(FieldGrid):
    """A line for the other models; with organs and findings, one for the pairs of these that are kept.

    cards: of the models that run as one, the chosen one first; empty without a model.
    """

    def __init__(self) -> None:
        super().__init__()
        self.partners, self.keep_both = TickDropDown("No other model", "models"), KeepBoth()
        self.cards: list[ModelCard] = []
        self._shown = False
        self._offered: list[ModelCard] = []
        self.add("Together with", self.partners, "Ctrl+Shift+Y", PARTNERS)
        self.add("Keep both", self.keep_both, "Ctrl+Shift+K", KEEP_BOTH)
        self.show_lines(False)

    def offer(self, chosen: ModelCard | None, cards: Sequence[ModelCard], volume: Volume | None) -> None:
        """Offer the models that can run with the chosen one on a volume; those that stay on the list stay
        ticked.
        """
        offered = partners_of(chosen, cards, volume) if chosen is not None else []
        names = [card.name for card in offered]
        if names != [card.name for card in self._offered]:
            ticked = {card.name for card in self._ticked}
            self.partners.set_rows(names, [place for place, name in enumerate(names) if name in ticked])
        self._offered = offered
        self.cards = [*([chosen] if chosen else []), *self._ticked]
        self.keep_both.offer(self.cards)
        self.show_lines(self._shown)

    @property
    def _ticked(self) -> list[ModelCard]:
        return [self._offered[place] for place in self.partners.ticks]

    def show_lines(self, shown: bool) -> None:
        """Show what there is to choose, or hide it; what was chosen holds in both cases."""
        self._shown = shown
        self.show_line(self.partners, shown)
        self.show_line(self.keep_both, shown and self.keep_both.count() > 0)
