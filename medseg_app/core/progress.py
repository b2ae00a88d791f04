"""Progress that long work reports, and the way a user stops it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives how far a piece of work is; raises `Cancelled` when the user stopped it."""

    def __call__(self, fraction: float, message: str = "") -> None:
        """Report a fraction in 0..1 and what is being done now."""


def silent(fraction: float, message: str = "") -> None:
    """Progress that nobody watches."""


def part(progress: Progress, start: float, stop: float) -> Progress:
    """The share start..stop of a larger piece of work, itself reported in 0..1."""

    def report(fraction: float, message: str = "") -> None:
        progress(start + (stop - start) * min(max(fraction, 0.0), 1.0), message)

    return report
