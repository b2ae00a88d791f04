"""constraints.txt: the exact version of every package, without addresses."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from installer.console import SetupError, say
from installer.environment import Environment

CONSTRAINTS = Path(__file__).with_name("constraints.txt")
HEADER = """\
# The exact version of every package, with which the tests passed. No addresses: pip takes the packages from
# wherever this machine is set up to take them. Made from the environment by
#     python3 installer/bootstrap.py lock
"""


def write(environment: Environment, _arguments: list[str]) -> int:
    """Write down what the environment holds at present."""
    command = [str(environment.program("python")), "-m", "pip", "freeze", "--all", "--exclude-editable"]
    frozen = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    versions = [line for line in frozen if not line.startswith("pip==")]
    strange = [line for line in versions if "==" not in line]
    if strange:
        raise SetupError(f"Only packages with a version can be locked, not: {', '.join(strange)}")
    half = CONSTRAINTS.with_suffix(".tmp")
    half.write_text(HEADER + "\n".join(sorted(versions, key=str.lower)) + "\n", encoding="utf-8")
    os.replace(half, CONSTRAINTS)
    say(f"{len(versions)} versions written to {CONSTRAINTS.name}")
    return 0
