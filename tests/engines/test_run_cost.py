"""What a run took, where several threads run models."""

from __future__ import annotations

import subprocess
import sys

import pytest

from medseg_app.core.proposal import ModelIdentity, Proposal
from medseg_app.engines.run_cost import with_cost

TWO_THREADS = """
import sys, threading
from medseg_app.engines.run_cost import _forget_peaks
loading = threading.Thread(target=lambda: __import__("torch"))
loading.start()
while "torch" not in sys.modules:
    pass
_forget_peaks()
loading.join()
"""


def test_peaks_wait_for_a_thread_that_is_loading_torch() -> None:
    ran = subprocess.run([sys.executable, "-c", TWO_THREADS], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.skipif(
    sys.platform != "linux", reason="not on this machine: Linux, where a peak can be forgotten"
)
def test_memory_that_earlier_work_has_freed_counts_as_that_of_the_run() -> None:
    """A training leaves a gigabyte; a model measured at its end seemed to take nothing."""

    def work() -> list[bytes]:
        return [bytes(50_000) for _ in range(4_000)]

    blocks = work()
    last = blocks[-1]  # at the top of the heap: what lies below is kept when it is freed
    del blocks
    proposal = Proposal("1.2.3", (), ModelIdentity("tiny", "1.0", ""))

    def run() -> Proposal:
        assert len(work()) == 4_000
        return proposal

    cost = with_cost(run).cost
    assert last
    assert cost is not None
    assert cost.memory_mb > 150
