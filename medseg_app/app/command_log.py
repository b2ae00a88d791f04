"""CommandLog: the last commands, by name and names of arguments, for reports of faults."""

from __future__ import annotations

import logging
import time
from collections import deque

COMMANDS = "medseg.commands"
"""The logger that hears of every command. It is told names of arguments, never what they hold."""
KEPT = 50


class CommandLog(logging.Handler):
    """Remembers the last commands from `listen` on; older ones are forgotten."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[str] = deque(maxlen=KEPT)

    def listen(self) -> None:
        """Hear of every command of this process."""
        logger = logging.getLogger(COMMANDS)
        logger.setLevel(logging.INFO)
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Remember one command."""
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        self._lines.append(f"{moment} {record.getMessage()}")

    @property
    def lines(self) -> tuple[str, ...]:
        """Time, command and names of its arguments, the oldest first."""
        return tuple(self._lines)
