"""Packages of the operating system that MedSeg needs: looked for with dpkg-query, installed with apt."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from installer.console import SetupError, run_step, say

LISTS = Path(__file__).with_name("system")
LOG = Path(__file__).resolve().parents[1] / ".medseg-bootstrap" / "apt.log"
VENV = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
FOR_WINDOW = ("window.txt", "screen.txt")
FOR_TESTS = ("window.txt", "screen.txt", "tests.txt")


def ensure(lists: tuple[str, ...]) -> None:
    """Install the packages of these lists where they are missing.

    Raises SetupError with the exact command where they cannot be installed from here.
    """
    if not sys.platform.startswith("linux"):
        return  # Windows and macOS bring all of it along
    wanted = [name for file in lists for name in read_list(LISTS / file)]
    if shutil.which("dpkg-query") is None:
        _explain_unknown_system(wanted)
        return
    missing = missing_packages(wanted)
    if missing:
        _install(missing)


def read_list(path: Path) -> list[str]:
    """The package names of a list; what follows a # is a remark."""
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def missing_packages(wanted: list[str]) -> list[str]:
    """Those of the wanted packages that are neither installed nor provided by another package."""
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}\t${Package}\t${Provides}\n"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    have = installed_names(answer)
    missing = [name for name in wanted if name not in have]
    if not _can_make_environments():
        missing.insert(0, VENV)
    return missing


def installed_names(answer: str) -> set[str]:
    """Names of all installed packages and of what they stand in for, from dpkg-query's answer."""
    have: set[str] = set()
    for line in answer.splitlines():
        state, name, provides = line.split("\t")
        if state == "installed":
            have.add(name)
            have.update(entry.split()[0] for entry in provides.split(",") if entry.strip())
    return have


def _can_make_environments() -> bool:
    return importlib.util.find_spec("ensurepip") is not None and importlib.util.find_spec("venv") is not None


def _install(missing: list[str]) -> None:
    prefix = _rights()
    if prefix is None:
        raise SetupError(
            "These packages of the operating system are missing and may not be installed from here:\n"
            f"  {' '.join(missing)}\n"
            "Have them installed, then start the same command again:\n"
            f"  sudo apt-get update && sudo apt-get install -y --no-install-recommends {' '.join(missing)}"
        )
    say(f"installing {len(missing)} packages of the operating system: {' '.join(missing)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run_step("asking apt for its package lists", [*prefix, "apt-get", "update"], LOG, quiet)
    install = [*prefix, "apt-get", "install", "-y", "--no-install-recommends", *missing]
    run_step("installing system packages", install, LOG, quiet)


def _rights() -> list[str] | None:
    """What to put before apt-get: nothing for root, sudo where it asks no password, None where it may not."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n", "DEBIAN_FRONTEND=noninteractive"]
    return None


def _explain_unknown_system(wanted: list[str]) -> None:
    if not _can_make_environments():
        raise SetupError("Python's venv module is missing. Install it with your system's package manager.")
    if shutil.which("Xvfb") is None and not os.environ.get("DISPLAY"):
        say(f"this is not Debian: if a library is missing, look for the likes of {' '.join(wanted)}")
