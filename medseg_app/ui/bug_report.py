"""Bug reports: what went wrong inside MedSeg goes to a file and into the banner; the window stays."""

from __future__ import annotations

import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from medseg_app.app.command_log import CommandLog

from .fault_text import fault_text

if TYPE_CHECKING:
    from .window import MainWindow

TEXT = "Something went wrong inside MedSeg. Every finished stroke is kept."
KEPT = 20
"""Reports that are kept; the oldest go first."""


class BugReports:
    """Catches what no code expected on the window's thread."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        self._window, self._folder = window, folder
        self._commands = CommandLog()

    def install(self) -> None:
        """Be the last to hear of an exception, and hear of every command."""
        self._commands.listen()
        sys.excepthook = self._on_exception

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        sys.__excepthook__(kind, error, trace)
        path = self.write(fault_text(error))
        self._window.banner.show_message("problem", TEXT, f"Send {path} to those who look after MedSeg.")

    def write(self, text: str) -> Path:
        """Keep a report of a text without patient data; version and the last commands are added."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"report-{time.strftime('%Y%m%d-%H%M%S')}.txt"
        commands = "\n".join(self._commands.lines) or "none"
        path.write_text(f"{_about()}\n\n{text}\n\nLast commands:\n{commands}\n", encoding="utf-8")
        for old in sorted(self._folder.glob("report-*.txt"))[:-KEPT]:
            old.unlink()
        return path


def _about() -> str:
    try:
        own = version("medseg")
    except PackageNotFoundError:
        own = "unknown"
    return f"MedSeg {own}, Python {platform.python_version()}, {platform.platform()}"
