"""Time an operation and its peers in turn, so that whatever else runs here slows all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median

from .row import Row

Run = Callable[[], object]
Peers = Mapping[str, Run]


def measure(what: str, ours: Run, peers: Peers, goal: dict[str, float], rounds: int = 5) -> Row:
    """A row of medians over rounds, each of which runs ours and every peer once."""
    times: dict[str, list[float]] = {"": [], **{name: [] for name in peers}}
    for number in range(rounds):
        runs = list({"": ours, **peers}.items())
        for name, run in runs if number % 2 == 0 else reversed(runs):
            times[name].append(seconds(run))
    own = times.pop("")
    ratios = {name: median(a / b for a, b in zip(own, taken, strict=True)) for name, taken in times.items()}
    return Row(what, median(own), {name: median(taken) for name, taken in times.items()}, ratios, goal)


def within(what: str, figure: float, limit: float, unit: str = "s", note: str = "") -> Row:
    """A row whose goal is a fixed limit."""
    return Row(what, figure, {"limit": limit}, {"limit": figure / limit}, {"limit": 1.0}, unit, note)


def seconds(run: Run) -> float:
    """Wall-clock time of one call."""
    gc.collect()
    start = time.perf_counter()
    result = run()
    taken = time.perf_counter() - start
    del result
    return taken
