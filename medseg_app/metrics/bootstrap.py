"""Confidence intervals by resampling cases: which cases a draw holds, and between what a figure lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
SEED = 20_000
LEVEL = 0.95

Weights = NDArray[np.int64]


def draw_weights(cases: int) -> Weights:
    """How often each case stands in each draw with replacement, shape (DRAWS, cases); always the same."""
    if not cases:
        return np.zeros((0, 0), np.int64)
    generator = np.random.default_rng(SEED)
    return generator.multinomial(cases, np.full(cases, 1.0 / cases), size=DRAWS)


def settings() -> dict[str, Any]:
    """How the intervals were made, for the document."""
    return {"level": LEVEL, "draws": DRAWS, "seed": SEED, "resampled": "cases", "kind": "percentile"}


def with_interval(value: float | None, draws: Sequence[float | None], cases: int) -> dict[str, Any]:
    """`{value, low, high, cases}` of a figure that `cases` cases define.

    draws: the figure in each draw; those in which it is undefined are left out. Fewer than two cases
    say nothing about how cases differ: low and high are None then, as they are for an undefined value.
    """
    defined = [draw for draw in draws if draw is not None]
    if value is None or cases < 2 or not defined:
        return {"value": value, "low": None, "high": None, "cases": cases}
    outside = (1.0 - LEVEL) / 2
    low, high = np.quantile(defined, (outside, 1.0 - outside))
    return {"value": value, "low": float(low), "high": float(high), "cases": cases}
