"""What the person in front of the terminal sees of the setup: steps, a living status line, failures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

HEARTBEAT_S = 1.0 if sys.stderr.isatty() else 20.0
LINES_SHOWN_ON_FAILURE = 25
PROGRESS_WORDS = ("Collecting", "Downloading", "Building", "Get:", "Unpacking", "Setting up")


class SetupError(Exception):
    """A step could not be done; the text says which, why and what to do."""


def say(text: str) -> None:
    """One line for the person at the terminal, on standard error."""
    print(f"medseg: {text}", file=sys.stderr, flush=True)


class Stopped(KeyboardInterrupt):
    """Another program asked this one to end (SIGTERM): unlike Ctrl+C, that did not reach the children."""


def stop(_number: int, _frame: object) -> None:
    """What to do on SIGTERM."""
    raise Stopped


def call(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> int:
    """Run a program that talks for itself and return its exit code; an interruption lets it tidy up first."""
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt as interruption:
            if isinstance(interruption, Stopped):
                process.send_signal(signal.SIGINT)
            process.wait()
            raise


class Status:
    """What the running command is doing, repeated with the time that has passed."""

    def __init__(self, title: str) -> None:
        self.title, self.detail = title, ""
        self._started = time.monotonic()
        self._done = threading.Event()

    def show_until_done(self) -> None:
        """Show the line again and again; it is rewritten in place where there is a terminal."""
        while not self._done.wait(HEARTBEAT_S):
            self._show(end="" if sys.stderr.isatty() else "\n")

    def finish(self, word: str) -> None:
        """End the line with how it went."""
        self._done.set()
        self.detail = word
        self._show(end="\n")

    def _show(self, end: str) -> None:
        start = "\r\x1b[K" if sys.stderr.isatty() else ""
        seconds = time.monotonic() - self._started
        text = f"medseg: {self.title} ({seconds:.0f} s) {self.detail}"
        print(f"{start}{text[:110]}", end=end, file=sys.stderr, flush=True)


@contextmanager
def status(title: str) -> Iterator[Status]:
    """A living status line for as long as the block runs."""
    shown = Status(title)
    thread = threading.Thread(target=shown.show_until_done, daemon=True)
    thread.start()
    word = "failed"
    try:
        yield shown
        word = "done"
    finally:
        shown.finish(word)
        thread.join()


def run_step(
    title: str, command: list[str], log: Path, extra_environment: dict[str, str] | None = None
) -> None:
    """Run a long command under a status line.

    Its output goes to `log`. Raises SetupError with the end of the output where the command fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **(extra_environment or {})}
    with log.open("a", encoding="utf-8") as kept, status(title) as shown:
        kept.write(f"\n$ {' '.join(command)}\n")
        with subprocess.Popen(
            command,
            env=environment,
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            last = _follow(process, kept, shown)
        if process.returncode != 0:
            raise SetupError("\n".join([f"{title} failed. The last lines of {log}:", *last]))


def _follow(process: subprocess.Popen[str], kept: IO[str], shown: Status) -> list[str]:
    last: list[str] = []
    try:
        for line in process.stdout or ():
            kept.write(line)
            last = [*last, line.rstrip()][-LINES_SHOWN_ON_FAILURE:]
            shown.detail = brief(line) or shown.detail
    except BaseException:
        # The child belongs to this step: nothing may go on installing behind the user's back.
        process.terminate()
        raise
    return last


def brief(line: str) -> str:
    """What a line of pip or apt says about the progress; empty where it says nothing about it."""
    line = line.strip()
    if line.startswith("Installing collected packages:"):
        return f"unpacking {line.count(',') + 1} packages"
    return line if line.startswith(PROGRESS_WORDS) else ""
