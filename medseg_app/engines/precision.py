"""The precision in which a model is computed: what was asked for, where device and card allow it."""

from __future__ import annotations

from .backend import is_close
from .contract import Precision
from .device import precision_on
from .model_card import ModelCard


def precision_of(card: ModelCard, device: str, wanted: Precision) -> Precision:
    """ "fast" becomes "exact" where it would be no faster, or too far from exact for this model."""
    possible = precision_on(device, wanted)
    return possible if is_close(card.backends, device, possible) else "exact"
