"""Kills the setup at chosen moments, lets it finish, and looks whether the environment is whole.

    python3 tests/installer/try_interruptions.py CHECKOUT --at 5 40 90

CHECKOUT is a clone made for this: its `.venv` is deleted first. Takes as long as several setups.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from installer import incomplete  # noqa: E402
from installer.environment import Environment  # noqa: E402

PROOF = (
    "import blosc2, highdicom, monai, napari, PySide6.QtWidgets, SimpleITK, torchvision; print('all import')"
)


def main() -> int:
    """Kill, kill, finish, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--at", type=float, nargs="+", default=[5.0, 40.0, 90.0], metavar="SECONDS")
    options = parser.parse_args()
    environment = Environment(options.checkout.resolve())
    if environment.root == REPOSITORY:
        sys.exit("Give a clone: its environment is deleted.")
    shutil.rmtree(environment.folder, ignore_errors=True)
    for seconds in options.at:
        kill_after(seconds, environment)
    subprocess.run(setup_of(environment), check=True)
    return judge(environment)


def setup_of(environment: Environment) -> list[str]:
    """The command line of the setup."""
    return [sys.executable, str(environment.root / "installer/bootstrap.py"), "setup"]


def kill_after(seconds: float, environment: Environment) -> None:
    """Start the setup and kill -9 it with everything that it started."""
    process = subprocess.Popen(setup_of(environment), start_new_session=True)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not environment.stamp.exists(), "a killed setup must not count as done"
    print(f"killed after {seconds} s", flush=True)


def judge(environment: Environment) -> int:
    """Every file of every package is there, versions fit each other, the large packages can be imported."""
    entries = list(environment.site_packages.glob("*.dist-info"))
    broken = [entry.name for entry in entries if not incomplete.is_complete(entry)]
    print(f"{len(entries)} packages, half-written: {broken or 'none'}", flush=True)
    python = str(environment.program("python"))
    checks = ([python, "-m", "pip", "check"], [python, "-c", PROOF])
    return int(bool(broken) or any(subprocess.run(command, check=False).returncode for command in checks))


if __name__ == "__main__":
    sys.exit(main())
