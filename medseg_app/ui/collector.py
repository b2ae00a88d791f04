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
    """Off from `rest` to `settle`, then quiet until `close`, which looks at what was set apart again."""

    def __init__(self) -> None:
        self._usual = gc.get_threshold()

    def rest(self) -> None:
        """Look at nothing while libraries are read: they only bring what stays."""
        gc.disable()

    def settle(self) -> None:
        """Set apart what is in memory now; call it once the viewer's libraries are there."""
        gc.freeze()
        gc.set_threshold(YOUNG, OLDER, OLDEST)
        gc.enable()

    def close(self) -> None:
        """Let Python collect as it usually does."""
        gc.unfreeze()
        gc.set_threshold(*self._usual)
        gc.enable()
