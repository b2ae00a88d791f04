"""What the process that runs TotalSegmentator is told, and the files by which it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medseg_app.engines.exchange import VolumeTicket

LABELS, ERROR = "labels.npy", "error.txt"


@dataclass(frozen=True)
class Order:
    """One run: its volume, and device in TotalSegmentator's words ("cpu", "gpu:0", "mps").

    private: an empty folder for the answer, LABELS (k, j, i) or ERROR, and for temporary files.
    """

    volume: VolumeTicket
    task: str
    fast: bool
    device: str
    private: Path
