"""The one virtual environment: made, adopted or repaired, and filled with the locked versions."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from installer import incomplete
from installer.console import SetupError, run_step, say
from installer.environment import Environment
from installer.lock_file import CONSTRAINTS

PROGRAMS = ("medseg", "pytest", "ruff", "lint-imports", "mypy")
OPTIONS = re.compile(r'^(?:--[\w-]+(?:="[^"]*")? )*')
"""What may stand before the folder in pyvenv.cfg's `command = ... -m venv --prompt="x" /a folder/.venv`.

The folder is all that follows, unquoted: it may hold blanks.
"""


def ensure(environment: Environment) -> None:
    """Bring `.venv` to what pyproject.toml and the constraints ask for; does nothing where that is so."""
    wanted = fingerprint(environment.root)
    if _stamped(environment) == wanted and all(environment.program(name).exists() for name in PROGRAMS):
        return
    environment.stamp.unlink(missing_ok=True)
    _make_folder(environment)
    _mend(environment)
    _install(environment)
    _write_stamp(environment, wanted)


def fingerprint(root: Path) -> str:
    """A hash of everything that decides what belongs into the environment."""
    digest = hashlib.sha256(f"{sys.version_info[:3]} {root}".encode())
    for path in (root / "pyproject.toml", CONSTRAINTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _stamped(environment: Environment) -> str:
    try:
        return str(json.loads(environment.stamp.read_text(encoding="utf-8"))["fingerprint"])
    except (OSError, ValueError, KeyError):
        return ""


def _write_stamp(environment: Environment, wanted: str) -> None:
    """The last thing of all: a setup that was cut short has no stamp and is looked at again."""
    half = environment.stamp.with_suffix(".tmp")
    half.write_text(json.dumps({"fingerprint": wanted}), encoding="utf-8")
    os.replace(half, environment.stamp)


def _make_folder(environment: Environment) -> None:
    if _works(environment):
        say(f"using the environment in {environment.folder.name}")
        return
    if environment.folder.exists():
        say(f"the environment in {environment.folder.name} is broken and is made anew")
        shutil.rmtree(environment.folder)
    command = [sys.executable, "-m", "venv", str(environment.folder)]
    run_step("making .venv", command, environment.log)


def _works(environment: Environment) -> bool:
    """Whether the folder holds a Python of this version with pip."""
    program = environment.program("python")
    if not program.exists() or not _was_made_here(environment):
        return False
    question = "import sys, pip; print(sys.version_info[:2])"
    answer = subprocess.run([str(program), "-c", question], capture_output=True, text=True, check=False)
    return answer.stdout.strip() == str(sys.version_info[:2])


def _was_made_here(environment: Environment) -> bool:
    """Whether the folder still lies where it was made: its programs name their own place."""
    try:
        lines = (environment.folder / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    made = [line.partition(" -m venv ")[2] for line in lines if line.startswith("command = ")]
    return not made or Path(OPTIONS.sub("", made[0])).resolve() == environment.folder.resolve()


def _mend(environment: Environment) -> None:
    """Take away what an interrupted installation left half-written; pip would take it for whole."""
    for name in incomplete.remove(environment.site_packages):
        say(f"{name} was installed only in part and is installed again")


def _install(environment: Environment) -> None:
    if not (environment.site_packages / "torch").exists():
        say("Python packages come next: about 3 GB to fetch and 7 GB on the disk, most of it torch with CUDA")
        _ensure_space(environment)
    pip = [
        str(environment.program("python")),
        "-m",
        "pip",
        "install",
        "--no-input",
        "--constraint",
        str(CONSTRAINTS),
    ]
    # The build tool is locked like everything else, so the project is built with it, not with the newest one.
    run_step("installing the build tool", [*pip, "setuptools"], environment.log)
    project = ["--no-build-isolation", "--editable", f"{environment.root}[dev]"]
    run_step("installing Python packages (2 to 15 minutes)", [*pip, *project], environment.log)


def _ensure_space(environment: Environment) -> None:
    free_gb = shutil.disk_usage(environment.folder).free / 1e9
    if free_gb < 12:
        raise SetupError(
            f"The disk of {environment.root} has {free_gb:.1f} GB left; the packages need 12 GB while they "
            "are unpacked. Make room, then start the same command again."
        )
