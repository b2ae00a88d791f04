"""The screen in memory: there while it is needed, gone afterwards."""

from __future__ import annotations

import os
import subprocess

import pytest

from installer import virtual_display
from tests.data_folder import missing


@pytest.fixture(autouse=True)
def needs_xvfb() -> None:
    """Xvfb is a tool of the machine."""
    if not virtual_display.is_available():
        missing("Xvfb")


def test_the_screen_is_named_while_it_lasts_and_forgotten_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":77")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with virtual_display.virtual_display() as number:
        assert os.environ["DISPLAY"] == number != ":77"
        assert "WAYLAND_DISPLAY" not in os.environ
        assert virtual_display.has_display()
    assert os.environ["DISPLAY"] == ":77"
    assert os.environ["WAYLAND_DISPLAY"] == "wayland-0"


def test_the_server_ends_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    with virtual_display.virtual_display():
        assert started[0].poll() is None
    assert started[0].poll() is not None


def test_a_server_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_display, "SCREEN", "nonsense")
    with pytest.raises(OSError, match="did not start"), virtual_display.virtual_display():
        pass
