"""Python's collector of unused objects stops every thread while it looks at all it knows, the window too.

With the viewer's libraries in memory that is up to 0.4 s, whenever a thread reads or writes many small
objects (a DICOM header, a SEG). So what the libraries brought is set apart, and young objects are looked at
less often; a volume never waits for the collector, because views let go of it themselves.
"""

from __future__ import annotations

import gc

YOUNG = 50_000
"""New objects before the young are looked at, about 10 ms."""
OLDER, OLDEST = 20, 20


class Collector:
    """Quiet from `settle` until `close`; what was set apart is looked at again when the program ends."""

    def __init__(self) -> None:
        self._usual = gc.get_threshold()

    def settle(self) -> None:
        """Set apart what is in memory now; call it once the viewer's libraries are there."""
        gc.freeze()
        gc.set_threshold(YOUNG, OLDER, OLDEST)

    def close(self) -> None:
        """Let Python collect as it usually does."""
        gc.unfreeze()
        gc.set_threshold(*self._usual)
