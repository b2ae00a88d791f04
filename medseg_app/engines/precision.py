"""The precision in which a model is computed: what was asked for, where device and card allow it."""

from __future__ import annotations

from .backend import fast_is_close
from .contract import Precision
from .device import precision_on
from .model_card import ModelCard


def precision_of(card: ModelCard, device: str, wanted: Precision) -> Precision:
    """ "fast" becomes "exact" where it would be no faster, or was not found close to exact for this model."""
    is_fast = precision_on(device, wanted) == "fast" and fast_is_close(card.backends, device)
    return "fast" if is_fast else "exact"
