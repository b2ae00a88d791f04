"""An interrupt of long work that can be gone on with: it ends between two steps and is kept."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from medseg_app.core.errors import Cancelled
from medseg_app.core.progress import Progress

_WORDS = b"\nStopping after this step. Interrupt again to stop at once.\n"


@contextmanager
def stopping_between_steps(progress: Progress, hint: str) -> Iterator[Progress]:
    """Yield a progress that raises Cancelled at its first report after an interrupt.

    A second interrupt is an ordinary one, for work that makes no report.
    """
    asked: list[int] = []

    def remember(number: int, frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        with suppress(OSError, ValueError):
            # Not print: the interrupt may have come in the middle of one.
            os.write(sys.stderr.fileno(), _WORDS)

    def report(fraction: float, message: str = "") -> None:
        if asked:
            raise Cancelled("Interrupted.", hint)
        progress(fraction, message)

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield report
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
