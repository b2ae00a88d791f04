"""What bootstrap.py does once everything is set up."""

from __future__ import annotations

import os
import time

from installer.console import SetupError, call, say
from installer.environment import Environment
from installer.virtual_display import has_display, is_available, virtual_display

MOST_AT_ONCE = 4
"""Test processes beside each other: each takes up to 3 GB where it trains, and a screen of its own."""
LINTERS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "contracts": ["lint-imports", "--no-logo"],
}


def run(environment: Environment, arguments: list[str]) -> int:
    """Open the application on the demonstration study, or do the same job on a screen in memory."""
    demo = [str(environment.program("medseg")), "demo", *arguments]
    if has_display():
        say("opening the demonstration study")
        return call(demo, environment.root)
    if not is_available():
        raise SetupError(
            "There is no display and no Xvfb. Install the package xvfb, or log in with a screen."
        )
    output = environment.root / "demo-output"
    say(f"no display here: doing the demonstration under Xvfb; its files go to {output}")
    with virtual_display():
        folder = [] if "--output" in arguments else ["--output", str(output)]
        return call([*demo, *folder, "--close"], environment.root)


def test(environment: Environment, arguments: list[str]) -> int:
    """Run the whole suite and list what was skipped and why; tests/conftest.py starts the screens."""
    cores = os.cpu_count() or 1
    processes = min(cores, MOST_AT_ONCE)
    # In the order of the folders: sorted by the number of tests, a long file of few would come last, alone.
    beside = ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]
    command = [str(environment.program("python")), "-m", "pytest", "-rfEs", "--durations=10"]
    # No windows on the developer's own screen; and each of many processes would compile all files anew.
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "PYTHONDONTWRITEBYTECODE")
    surroundings = {name: value for name, value in os.environ.items() if name not in hidden}
    # Threads that wait for a core that another process has spin, and take it from those that work.
    surroundings.setdefault("OMP_NUM_THREADS", str(cores // processes))
    return call([*command, *beside, *arguments], environment.root, surroundings)


def lint(environment: Environment, _arguments: list[str]) -> int:
    """Format, lint, types and import contracts: all of them, also after one has failed."""
    failed = [name for name, command in LINTERS.items() if not _passes(environment, name, command)]
    say(f"failed: {', '.join(failed)}" if failed else f"passed: {', '.join(LINTERS)}")
    return 1 if failed else 0


def check(environment: Environment, arguments: list[str]) -> int:
    """Everything that must hold before a change is handed in."""
    results = [lint(environment, []), test(environment, arguments)]
    return 1 if any(results) else 0


def nothing(environment: Environment, _arguments: list[str]) -> int:
    """The setup was the job."""
    say(f"ready: {environment.bin}")
    return 0


def _passes(environment: Environment, name: str, command: list[str]) -> bool:
    started = time.monotonic()
    program = [str(environment.program(command[0])), *command[1:]]
    passed = call(program, environment.root) == 0
    say(f"{name}: {'passed' if passed else 'FAILED'} ({time.monotonic() - started:.1f} s)")
    return passed
