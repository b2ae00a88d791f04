"""The precision in which a model is computed: what was asked for, where device and card allow it."""

from __future__ import annotations

from .backend import Arithmetic, fast_is_close
from .contract import Precision
from .device import fast_arithmetic
from .model_card import ModelCard


def arithmetic_of(card: ModelCard, device: str, wanted: Precision) -> Arithmetic:
    """What a model is computed in on a device.

    That of "exact" where "fast" would be no faster, or was not found close to exact for this model.
    """
    fast = fast_arithmetic(device) if wanted == "fast" else None
    if fast is None or (fast == "int8" and not card.eight_bits):
        return "float32"
    return fast if fast_is_close(card.backends, device, fast) else "float32"


def precision_of(card: ModelCard, device: str, wanted: Precision) -> Precision:
    """What is computed where this precision is asked for; files keep it as a fact about the result."""
    return "exact" if arithmetic_of(card, device, wanted) == "float32" else "fast"
