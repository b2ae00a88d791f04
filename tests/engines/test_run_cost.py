"""What a run took, where several threads run models."""

from __future__ import annotations

import subprocess
import sys

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
