"""What TotalSegmentator prints while it runs is all that it tells about its progress."""

from __future__ import annotations

import re
import subprocess
import threading
from collections import deque

PART = re.compile(r"Predicting part (\d+) of (\d+)")
SHARE = re.compile(r"^\s*(\d{1,3})%\|")
END = re.compile(rb"[\r\n]")
READING, PREDICTING = 0.05, 0.9
"""Shares of a run: reading and resampling the images before, predicting; the rest is the way back."""
LAST_LINES = 3


class Output:
    """Reads the output of a process in a thread; tells how far it is."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.fraction, self.message = 0.0, "Starting TotalSegmentator"
        self._part, self._parts, self._predicting = 1, 1, False
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._process = process
        self._thread = threading.Thread(target=self._read, name="totalsegmentator-output", daemon=True)
        self._thread.start()

    @property
    def last_words(self) -> str:
        """The last lines, once the process has ended."""
        self._thread.join(5.0)
        return " / ".join(self._lines)

    def take(self, line: str) -> None:
        """Learn from one line."""
        part, share = PART.search(line), SHARE.match(line)
        if part:
            self._predicting = True
            self._part, self._parts = int(part[1]), int(part[2])
            self._show(0.0)
        elif line.startswith("Predicting..."):
            self._predicting = True
            self._show(0.0)
        elif share and self._predicting:
            self._show(min(int(share[1]), 100) / 100)
        elif line.startswith("Resampling"):
            self.message = "Resampling"
        if line.strip() and not share:
            self._lines.append(line.strip())

    def _show(self, share: float) -> None:
        done = (self._part - 1 + share) / max(self._parts, 1)
        self.fraction = max(self.fraction, READING + (PREDICTING - READING) * min(done, 1.0))
        self.message = f"Part {self._part} of {self._parts}" if self._parts > 1 else "Predicting"

    def _read(self) -> None:
        assert self._process.stdout is not None
        rest = b""
        with self._process.stdout as stream:
            while chunk := stream.read1(4096):  # type: ignore[attr-defined]
                *lines, rest = END.split(rest + chunk)
                for line in lines:
                    self.take(line.decode("utf-8", "replace"))
        self.take(rest.decode("utf-8", "replace"))
