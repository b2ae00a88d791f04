"""Row: one line of the benchmark table, an operation of ours beside its peers."""

from __future__ import annotations

from dataclasses import dataclass, field


class NotMeasuredError(Exception):
    """This machine cannot run a benchmark; the message says what it lacks."""


@dataclass(frozen=True)
class Row:
    """One operation.

    what: the operation in words. ours_s: our median time in seconds; None where it could not be measured.
    peers: median seconds of each peer. ratios: median of ours / peer over rounds run side by side.
    goal: the largest ratio that was aimed at, by peer. A fixed limit is a peer named "limit".
    unit: what the figures are ("s", or "MB" for memory).
    """

    what: str
    ours_s: float | None
    peers: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    goal: dict[str, float] = field(default_factory=dict)
    unit: str = "s"
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether every goal was reached."""
        return all(self.ratios[peer] <= limit for peer, limit in self.goal.items())
