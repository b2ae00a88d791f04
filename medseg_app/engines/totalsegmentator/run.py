"""One run of TotalSegmentator in a process of its own, with progress, an end at any moment, and no traces."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import EngineError, OutOfMemory
from medseg_app.core.progress import Progress
from medseg_app.core.volume import Volume
from medseg_app.engines.exchange import ExchangeFolder
from medseg_app.engines.process_tree import end_children
from medseg_app.engines.user_folders import user_folder

from .offered import Offer
from .order import ERROR, LABELS, Order
from .output import Output
from .weights import weights_folder

WATCH_SECONDS = 0.1
CHILD = "medseg_app.engines.totalsegmentator.child"
NO_REPORTS = {
    "totalseg_id": "medseg",
    "send_usage_stats": False,
    "prediction_counter": 0,
    "statistics_disclaimer_shown": True,
}
"""TotalSegmentator's own settings for our runs: by itself it reports each run to its makers."""
MEMORY_WORDS = ("out of memory", "MemoryError", "allocate memory")


def run_totalsegmentator(offer: Offer, volume: Volume, device: str, progress: Progress) -> NDArray[np.uint8]:
    """Labels (k, j, i) of a volume. What progress raises (Cancelled) ends all its processes at once.

    device: "cpu", "cuda:N" or "mps". Raises EngineError, OutOfMemory.
    """
    exchange = ExchangeFolder(user_folder("cache"))
    try:
        # In a folder with a long name the sockets of nnU-Net's processes would not open.
        with TemporaryDirectory(prefix="medseg-", ignore_cleanup_errors=True) as temporary:
            ticket, words = exchange.put_volume(volume), device.replace("cuda", "gpu")
            order = Order(ticket, offer, words, exchange.path, Path(temporary))
            return _carried_out(order, progress)
    finally:
        exchange.remove()


def _carried_out(order: Order, progress: Progress) -> NDArray[np.uint8]:
    with _started(order) as process:
        output = Output(process)
        while process.poll() is None:
            progress(output.fraction, output.message)
            time.sleep(WATCH_SECONDS)
    progress(output.fraction, output.message)
    return _answer(order, process.returncode, output)


@contextmanager
def _started(order: Order) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", CHILD], env=_environment(order.temporary), start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdin is not None
    try:
        process.stdin.write(pickle.dumps(order))
        process.stdin.flush()
        yield process
    finally:
        end_children(process.pid)
        process.kill()
        process.wait()
        process.stdin.close()


def _environment(folder: Path) -> dict[str, str]:
    """The user's own, but temporary files and TotalSegmentator's settings lie in a folder of the run."""
    home = folder / "home"
    home.mkdir()
    (home / "config.json").write_text(json.dumps(NO_REPORTS), encoding="utf-8")
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    return {
        **os.environ,
        **temporary,
        "TOTALSEG_WEIGHTS_PATH": str(weights_folder().absolute()),
        "TOTALSEG_HOME_DIR": str(home),
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
        "PYTHONUNBUFFERED": "1",
    }


def _answer(order: Order, code: int, output: Output) -> NDArray[np.uint8]:
    if code == 0:
        labels: NDArray[np.uint8] = np.load(order.private / LABELS)
        return labels
    said = output.last_words
    error = order.private / ERROR
    text = error.read_text(encoding="utf-8") if error.is_file() else f"its process ended with {code}"
    if code < 0 or any(word in f"{text} {said}" for word in MEMORY_WORDS):
        raise OutOfMemory(
            f"{order.offer.name} ran out of memory or was ended by the system ({text}).",
            "Close other programs, take a model that ends in -fast, or crop the volume to what matters.",
        )
    raise EngineError(
        f"{order.offer.name} stopped because of an error in TotalSegmentator ({text}).",
        f"Nothing was changed. Its last words: {said}" if said else "Nothing was changed.",
    )
