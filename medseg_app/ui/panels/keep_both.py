"""KeepBoth: which findings may lie in which classes, so that both keep the voxels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from medseg_app.engines.combined_model import possible_within
from medseg_app.ui.tick_drop_down import TickDropDown

if TYPE_CHECKING:
    from medseg_app.engines.model_card import ModelCard

Pair = tuple[str, str]


class KeepBoth(TickDropDown):
    """Ticks by finding and class; until the window closes it knows what was ticked for which models."""

    def __init__(self) -> None:
        super().__init__("No pair", "pairs")
        self._models: frozenset[str] = frozenset()
        self._pairs: list[Pair] = []
        self._ticked: dict[frozenset[str], frozenset[Pair]] = {}
        self.ticked.connect(self._remember)

    def offer(self, cards: Sequence[ModelCard]) -> None:
        """Show the pairs of the models that run as one; none where a single model runs."""
        models = frozenset(card.name for card in cards)
        pairs = possible_within(cards) if len(cards) > 1 else []
        if (models, pairs) == (self._models, self._pairs):
            return
        self._models, self._pairs = models, pairs
        known = self._ticked.get(models, frozenset())
        texts = [f"{finding} in {name}" for finding, name in pairs]
        self.set_rows(texts, [place for place, pair in enumerate(pairs) if pair in known])

    @property
    def within(self) -> frozenset[Pair]:
        """The ticked pairs (name of a finding, name of a class)."""
        return frozenset(self._pairs[place] for place in self.ticks)

    def _remember(self) -> None:
        self._ticked[self._models] = self.within
