"""The layers hold, and each rule about them fails when it is broken."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.repository import ROOT

PACKAGE = ROOT / "medseg_app"
LINT = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
# contract id: file of the copy, what is planted there
PLANTED = {
    "layers": ("core/planted.py", "import medseg_app.app"),
    "screen": ("app/planted.py", "import PySide6"),
    "networks": ("io/planted.py", "import torch"),
    "dicom": ("engines/planted.py", "import pydicom"),
    "database": ("app/planted.py", "import sqlalchemy"),
    "core": ("core/planted.py", "import scipy"),
    "strangers": ("app/commands/planted.py", "import medseg_app.app.commands.stranger"),
}
ONLY = {"core": {"numpy", "blosc2", "isal"}, "phantom": {"numpy", "scipy"}}


@pytest.fixture(scope="module")
def contracts() -> dict[str, dict[str, object]]:
    """The import contracts of pyproject.toml by their id."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    return {contract["id"]: contract for contract in tables["contracts"]}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package in which faults can be planted."""
    shutil.copytree(PACKAGE, tmp_path / "medseg_app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "medseg_app/app/commands/stranger.py").write_text('"""A command."""\n')
    return tmp_path


def lint(folder: Path, contract: str = "") -> subprocess.CompletedProcess[str]:
    """Run import-linter on a copy."""
    assert LINT, "lint-imports is not installed beside python"
    chosen = ["--contract", contract] if contract else []
    return subprocess.run(
        [LINT, "--no-logo", "--no-cache", *chosen], cwd=folder, capture_output=True, text=True, check=False
    )


def test_all_contracts_are_kept(copy: Path) -> None:
    answer = lint(copy)
    assert answer.returncode == 0, answer.stdout


def test_every_contract_has_a_planted_violation(contracts: dict[str, dict[str, object]]) -> None:
    assert set(contracts) == set(PLANTED)


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_violation_breaks_its_contract(copy: Path, contract: str) -> None:
    file, statement = PLANTED[contract]
    (copy / "medseg_app" / file).write_text(f'"""Planted."""\n\n{statement}\n')
    answer = lint(copy, contract)
    assert answer.returncode == 1, answer.stdout
    assert "planted" in answer.stdout


def test_a_new_folder_must_be_given_its_layer(copy: Path) -> None:
    (copy / "medseg_app/helpers").mkdir()
    (copy / "medseg_app/helpers/__init__.py").write_text('"""Nobody knows where this belongs."""\n')
    assert lint(copy, "layers").returncode == 1


@pytest.mark.parametrize("layer", ONLY)
def test_layer_imports_nothing_else(layer: str) -> None:
    allowed = ONLY[layer] | set(sys.stdlib_module_names) | {"medseg_app"}
    foreign = {
        f"{path.name}: {name}"
        for path in (PACKAGE / layer).rglob("*.py")
        for name in imported(path.read_text(encoding="utf-8"))
        if name not in allowed
    }
    assert foreign == set()


def test_the_reader_of_imports_sees_imports_inside_functions() -> None:
    assert set(imported("import os.path\ndef f():\n    from scipy import ndimage")) == {"os", "scipy"}


@pytest.mark.parametrize("contract", ["screen", "networks", "dicom", "database"])
def test_a_library_contract_watches_every_layer_but_its_own(
    contracts: dict[str, dict[str, object]], contract: str
) -> None:
    own = {
        "screen": {"ui"},
        "networks": {"engines", "metrics", "training"},
        "dicom": {"io", "pacs"},
        "database": {"project"},
    }
    layers = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    watched = {str(name).removeprefix("medseg_app.") for name in contracts[contract]["source_modules"]}  # type: ignore[attr-defined]
    assert watched >= layers - own[contract]


def imported(source: str) -> Iterator[str]:
    """Names of the top-level packages that a module imports, in functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]
