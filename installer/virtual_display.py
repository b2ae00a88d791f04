"""A screen in memory (Xvfb) for machines without a display."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SCREEN = "1920x1080x24"


def has_display() -> bool:
    """Whether windows can be shown; Windows and macOS always can."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def is_available() -> bool:
    """Whether Xvfb is installed."""
    return shutil.which("Xvfb") is not None


@contextmanager
def virtual_display() -> Iterator[str]:
    """Start Xvfb on a free number, name it in DISPLAY while the block runs, and stop it afterwards.

    Raises OSError where Xvfb cannot be started.
    """
    reading, writing = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(writing),
        "-screen",
        "0",
        SCREEN,
        "+extension",
        "GLX",
        "-nolisten",
        "tcp",
    ]
    process = subprocess.Popen(
        command,
        pass_fds=[writing],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()  # ends without a number when Xvfb ends
        if not number:
            raise OSError("Xvfb did not start")
        with _environment(DISPLAY=f":{number}", WAYLAND_DISPLAY=None, QT_QPA_PLATFORM="xcb"):
            yield f":{number}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _environment(**changes: str | None) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
