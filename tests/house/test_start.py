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


def test_metrics_load_their_libraries_when_a_figure_is_asked_for() -> None:
    """Commands and the training import them to name a yardstick."""
    script = (
        "import importlib, pkgutil, sys, medseg_app.metrics as metrics\n"
        "names = [one.name for one in pkgutil.iter_modules(metrics.__path__)]\n"
        "for name in names: importlib.import_module(f'medseg_app.metrics.{name}')\n"
        "print(len(names), *sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    number, *loaded = answer.stdout.split()
    assert int(number) > 10
    assert {name.split(".")[0] for name in loaded} & {*HEAVY, "pycocotools"} == set()
