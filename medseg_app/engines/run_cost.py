"""What a run costs: its time, and the memory that it took beyond what was in use before."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from medseg_app.core.proposal import Cost, Proposal

MB = 1e6
LINUX_PEAK = Path("/proc/self/clear_refs")
"""Writing 5 there sets the peak that getrusage tells to what is in use now."""


def with_cost(run: Callable[[], Proposal]) -> Proposal:
    """The proposal of a run, with what it cost; memory is that of the device which computed it."""
    _give_back_unused()
    start, in_use = time.monotonic(), _in_use()
    _forget_peaks()
    proposal = run()
    seconds = time.monotonic() - start
    peak = _peak_of_card(proposal.device) if proposal.device.startswith("cuda") else _peak() - in_use
    return replace(proposal, cost=Cost(round(seconds, 3), round(max(peak, 0.0) / MB, 1)))


def _give_back_unused() -> None:
    """Let go of memory that earlier work freed and the process keeps, or a run would cost none of it.

    Only glibc can be asked to; what a training has freed is a gigabyte.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _in_use() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss)


def _peak() -> float:
    """The most memory that this process had, in bytes: in this run on Linux, elsewhere ever."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset)
    import resource

    peak = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peak if sys.platform == "darwin" else 1024 * peak


def _forget_peaks() -> None:
    with suppress(OSError):  # only Linux forgets it
        LINUX_PEAK.write_text("5")
    if "torch" not in sys.modules:  # it has used nothing, and takes seconds to load
        return
    import torch  # waits where another thread is still loading it

    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            torch.cuda.reset_peak_memory_stats(number)


def _peak_of_card(device: str) -> float:
    import torch

    return float(torch.cuda.max_memory_allocated(device))
