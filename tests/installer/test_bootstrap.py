"""The script itself: what it needs, what it says, what it hands on."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from installer import jobs
from installer.environment import Environment
from installer.lock_file import CONSTRAINTS
from installer.virtual_display import is_available
from tests.data_folder import missing

ROOT = Path(__file__).resolve().parents[2]
INSTALLER = ROOT / "installer"
SCRIPT = INSTALLER / "bootstrap.py"


def test_the_installer_needs_the_standard_library_only() -> None:
    allowed = {*sys.stdlib_module_names, "installer"}
    for path in INSTALLER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed, path.name


def test_an_old_python_can_read_the_script_and_is_told_which_it_needs() -> None:
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 7))
    statements = [ast.unparse(node) for node in tree.body]
    check = next(i for i, text in enumerate(statements) if text.startswith("if sys.version_info"))
    first_of_ours = next(i for i, text in enumerate(statements) if text.startswith("from installer"))
    assert check < first_of_ours


def test_help_names_every_job_without_setting_anything_up() -> None:
    answer = subprocess.run(
        [sys.executable, "-S", str(SCRIPT), "--help"], capture_output=True, text=True, check=True
    )
    for name in ("run", "test", "lint", "check", "setup", "lock"):
        assert f"  {name} " in answer.stdout


def test_an_unknown_job_is_refused() -> None:
    answer = subprocess.run([sys.executable, str(SCRIPT), "fly"], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "fly" in answer.stderr


def pins() -> dict[str, str]:
    """Version by name of every package in the constraints."""
    lines = [line for line in CONSTRAINTS.read_text().splitlines() if not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def test_the_constraints_hold_exact_versions_and_no_address() -> None:
    assert len(pins()) > 100
    assert all(version and version[0].isdigit() for version in pins().values())
    assert not any(sign in CONSTRAINTS.read_text() for sign in ("@", "://", "--hash", "+cpu"))


APART = {"nninteractive", "totalsegmentator"}
"""Extras that users add by themselves and that the usual set-up leaves out (ADR 8)."""


def test_every_dependency_is_locked_to_a_version_that_the_project_accepts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stated = [
        *project["dependencies"],
        *(
            line
            for name, extra in project["optional-dependencies"].items()
            if name not in APART
            for line in extra
        ),
    ]
    for requirement in map(Requirement, stated):
        if requirement.name != "medseg":
            assert pins()[canonicalize_name(requirement.name)] in requirement.specifier, requirement


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment whose programs write down how they were called."""
    environment = Environment(tmp_path)
    environment.bin.mkdir(parents=True)
    for name in ("medseg", "python", "ruff", "mypy", "lint-imports"):
        script = f'#!/bin/sh\necho "{name} $* DISPLAY=$DISPLAY" >> {tmp_path}/calls\n[ {name} != mypy ]\n'
        environment.program(name).write_text(script)
        environment.program(name).chmod(0o755)
    return environment


def calls(environment: Environment) -> list[str]:
    """How the programs were called."""
    return (environment.root / "calls").read_text().splitlines()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_run_without_a_display_does_the_same_job_under_xvfb(
    programs: Environment, monkeypatch: pytest.MonkeyPatch, display: str
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    if not is_available():
        missing("Xvfb")
    assert jobs.run(programs, []) == 0
    (call,) = calls(programs)
    assert call.startswith(f"medseg demo --output {programs.root / 'demo-output'} --close DISPLAY=:")


@pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")
def test_run_on_a_display_leaves_the_window_open(
    programs: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":77")
    assert jobs.run(programs, []) == 0
    assert calls(programs) == ["medseg demo DISPLAY=:77"]


@pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")
def test_tests_run_off_the_developers_screen(programs: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":77")
    assert jobs.test(programs, ["tests/core"]) == 0
    (call,) = calls(programs)
    assert call.startswith("python -m pytest -rfEs")
    assert call.endswith("tests/core DISPLAY=")


@pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")
def test_lint_runs_every_step_also_after_one_has_failed(programs: Environment) -> None:
    assert jobs.lint(programs, []) == 1
    assert [call.split()[0] for call in calls(programs)] == ["ruff", "ruff", "mypy", "lint-imports"]
