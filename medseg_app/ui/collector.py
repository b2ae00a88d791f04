"""Python's collector of unused objects stops every thread while it looks at all it knows, the window too.

With the viewer's libraries in memory that is up to 0.4 s, whenever a thread reads or writes many small
objects (a DICOM header, a SEG). So what the libraries brought is set apart, and young objects are looked at
less often; a volume never waits for the collector, because views let go of it themselves.
"""

from __future__ import annotations

import gc
from functools import cache

YOUNG = 50_000
"""New objects before the young are looked at, about 10 ms."""
OLDER, OLDEST = 20, 20


@cache
def settle_collector() -> None:
    """Set apart what is in memory now; call it once the viewer's libraries are there."""
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDEST)
