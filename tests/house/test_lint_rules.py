"""The linter's limits bite: a function that is too large, too branched or careless is refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT

RUFF = shutil.which("ruff", path=str(Path(sys.executable).parent))
HEAD = '"""Planted."""\n\n\n'
BRANCHES = "".join(f"    if a == {n}:\n        return {n}\n" for n in range(9))
PLANTED = {
    "PLR0915": 'def f() -> None:\n    """Long."""\n' + "    len([])\n" * 36,
    "PLR0913": 'def f(a: int, b: int, c: int, d: int, e: int, g: int, h: int) -> None:\n    """Wide."""\n',
    "C901": f'def f(a: int) -> int:\n    """Branched."""\n{BRANCHES}    return 0\n',
    "D103": "def f() -> None:\n    len([])\n",
    "T201": 'print("x")\n',
    "BLE001": "try:\n    len([])\nexcept Exception:\n    len([])\n",
}


def codes(source: str, name: str) -> set[str]:
    """What ruff finds in a file of this name."""
    assert RUFF, "ruff is not installed beside python"
    command = [RUFF, "check", "--no-cache", "--output-format", "concise", "--stdin-filename", name, "-"]
    answer = subprocess.run(command, cwd=ROOT, input=source, capture_output=True, text=True, check=False)
    return {word for line in answer.stdout.splitlines() for word in line.split()[1:2]}


@pytest.mark.parametrize("code", PLANTED)
def test_a_planted_fault_is_found(code: str) -> None:
    assert code in codes(HEAD + PLANTED[code], "medseg_app/core/planted.py")


def test_the_command_line_may_print() -> None:
    assert "T201" not in codes(HEAD + PLANTED["T201"], "medseg_app/cli/planted.py")
