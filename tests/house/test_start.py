"""`medseg --help` answers at once: no heavy package is imported on the way."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.house.repository import ROOT

HEAVY = (
    "PySide6",
    "SimpleITK",
    "blosc2",
    "highdicom",
    "monai",
    "napari",
    "pydicom",
    "scipy",
    "torch",
    "transformers",
    "vispy",
)
SCRIPT = """
import json, sys
from medseg_app.__main__ import main
sys.argv = ["medseg", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def imported_by(*arguments: str) -> set[str]:
    """Top-level packages that are in memory when the command line has answered."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(arguments)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return {name.split(".")[0] for name in json.loads(answer.stderr.splitlines()[-1])}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["predict", "--help"], ["export", "--help"], ["evaluate", "--help"]],
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    assert imported_by(*arguments) & set(HEAVY) == set()


def test_the_list_of_heavy_packages_is_one_of_names_that_exist() -> None:
    from importlib.util import find_spec

    assert [name for name in HEAVY if find_spec(name) is None] == []
