"""Preview: what a run has found so far, for whoever waits; never a proposal that could be accepted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from medseg_app.core.proposal import Candidate

Show = Callable[[tuple[Candidate, ...]], None]

SECONDS = 0.5
SHARE = 0.05
"""At most this share of a run goes into showing what is not final."""


class Preview(Protocol):
    """Receives what a run has found so far, as a function, as nobody may want to see it now."""

    def __call__(self, found: Callable[[], Iterable[Candidate]]) -> None:
        """Offer what was found so far: all of it, on the grid of the volume."""


def unwatched(found: Callable[[], Iterable[Candidate]]) -> None:
    """A preview that nobody sees, so that it costs nothing."""


class UnhurriedPreview:
    """Shows what is found at most twice a second, and less often where finding out is slow.

    Nothing is shown before anything was found, and what was found first is shown at once.
    """

    def __init__(self, show: Show) -> None:
        self._show = show
        self._next = 0.0
        self._shown = False

    def __call__(self, found: Callable[[], Iterable[Candidate]]) -> None:
        """Show what was found, where the last time is long enough ago."""
        begun = time.monotonic()
        if begun < self._next:
            return
        candidates = tuple(found())
        if candidates or self._shown:
            self._show(candidates)
            self._shown = True
        spent = time.monotonic() - begun
        self._next = begun + spent + max(SECONDS if self._shown else 0.0, spent / SHARE)
