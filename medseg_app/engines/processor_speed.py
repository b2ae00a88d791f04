"""How fast this processor multiplies: a time that was measured on another computer is scaled by it."""

from __future__ import annotations

import time
from functools import cache

import numpy as np

EDGE, ROUNDS = 768, 8


@cache
def processor_gflops() -> float:
    """Thousands of millions of operations a second, on all the cores that compute; takes a tenth of a second.

    The best of a few rounds, which other work on the computer disturbed least.
    """
    square = np.random.default_rng(0).random((EDGE, EDGE), np.float32)
    seconds = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        square @ square
        seconds.append(time.perf_counter() - start)
    return 2e-9 * EDGE**3 / min(seconds[1:])
