"""Long commands show what they do, and nothing outlives an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from installer import console
from installer.console import SetupError, brief, run_step

ROOT = Path(__file__).resolve().parents[2]


def test_a_failing_command_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    script = "for i in range(99): print('line', i)\nraise SystemExit(3)"
    with pytest.raises(SetupError, match="line 98") as caught:
        run_step("counting", [sys.executable, "-c", script], tmp_path / "log")
    assert "line 10\n" not in str(caught.value)
    assert "line 10\n" in (tmp_path / "log").read_text()


def test_progress_is_shown_while_a_silent_command_runs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "HEARTBEAT_S", 0.05)
    script = "import time; print('Collecting torch', flush=True); time.sleep(0.4)"
    run_step("installing", [sys.executable, "-c", script], tmp_path / "log")
    shown = capfd.readouterr().err.splitlines()
    assert len(shown) >= 3
    assert "Collecting torch" in shown[-2]
    assert shown[-1].endswith("done")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  Downloading torch.whl (900 MB)\n", "Downloading torch.whl (900 MB)"),
        ("WARNING: no such folder\n", ""),
        ("Installing collected packages: a, b, c\n", "unpacking 3 packages"),
    ],
)
def test_only_progress_is_shown(line: str, shown: str) -> None:
    assert brief(line) == shown


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_an_interruption_stops_the_command_that_runs(tmp_path: Path) -> None:
    started = tmp_path / "started"
    child = (
        f"import os, pathlib, time; pathlib.Path(r'{started}').write_text(str(os.getpid())); time.sleep(60)"
    )
    step = (
        f"from installer.console import run_step; run_step('waiting', {[sys.executable, '-c', child]!r}, LOG)"
    )
    script = f"import pathlib; LOG = pathlib.Path(r'{tmp_path / 'log'}')\n{step}"
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.DEVNULL)
    wait_until(lambda: started.exists() and started.read_text())
    process.send_signal(signal.SIGINT)
    process.wait(timeout=20)
    wait_until(lambda: not is_running(int(started.read_text())))


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize("whole_group", [True, False], ids=["Ctrl+C", "SIGTERM"])
def test_an_interrupted_program_tidies_up_first(tmp_path: Path, whole_group: bool) -> None:
    started, tidied = tmp_path / "started", tmp_path / "tidied"
    child = (
        f"import pathlib, time\ntry:\n    pathlib.Path(r'{started}').write_text('x'); time.sleep(60)\n"
        f"finally:\n    time.sleep(1); pathlib.Path(r'{tidied}').write_text('x')"
    )
    script = (
        "import pathlib, signal\nfrom installer.console import call, stop\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        f"call({[sys.executable, '-c', child]!r}, pathlib.Path('.'))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    )
    wait_until(started.exists)
    if whole_group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.terminate()
    process.wait(timeout=20)
    assert tidied.exists()


def wait_until(condition: object, seconds: float = 20) -> None:
    """Wait for something that happens in another process."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def is_running(number: int) -> bool:
    """Whether a process of this number exists."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
