"""Packages of the operating system: which are missing, and what is said when they may not be installed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from installer import system_packages
from installer.console import SetupError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has such packages")
ANSWER = (
    "installed\tlibgl1\t\ninstalled\tlibglib2.0-0t64\tlibglib2.0-0 (= 2.80), libgio\nconfig-files\txvfb\t\n"
)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which only libgl1 is installed and apt-get writes down how it was called."""
    program(tmp_path, "dpkg-query", "printf 'installed\\tlibgl1\\t\\n'")
    program(tmp_path, "apt-get", f'echo "$DEBIAN_FRONTEND $*" >> {tmp_path}/apt-calls')
    monkeypatch.setenv("PATH", f"{tmp_path}:{Path(shutil.which('sh') or '').parent}")
    monkeypatch.setattr(system_packages, "LOG", tmp_path / "apt.log")
    monkeypatch.setattr(system_packages, "LISTS", tmp_path)
    (tmp_path / "list.txt").write_text("# what is needed\nlibgl1\nxvfb  # a screen\n")
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    """A program of this machine that does what the script says."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_names_that_another_package_provides_count_as_installed() -> None:
    assert system_packages.installed_names(ANSWER) == {"libgl1", "libglib2.0-0t64", "libglib2.0-0", "libgio"}


def test_missing_packages_are_installed_without_questions(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    system_packages.ensure(("list.txt",))
    calls = (machine / "apt-calls").read_text().splitlines()
    assert calls == ["noninteractive update", "noninteractive install -y --no-install-recommends xvfb"]


def test_apt_is_left_alone_when_nothing_is_missing(machine: Path) -> None:
    (machine / "list.txt").write_text("libgl1\n")
    system_packages.ensure(("list.txt",))
    assert not (machine / "apt-calls").exists()


def test_without_rights_the_exact_command_is_said(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    program(machine, "sudo", "exit 1")
    with pytest.raises(SetupError, match=r"sudo apt-get .*install -y --no-install-recommends xvfb"):
        system_packages.ensure(("list.txt",))


def test_sudo_without_a_password_is_used(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    program(machine, "sudo", f'shift; [ "$1" = true ] || echo "sudo $*" >> {machine}/apt-calls')
    system_packages.ensure(("list.txt",))
    assert "apt-get install" in (machine / "apt-calls").read_text()


def test_python_without_venv_asks_for_its_package(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages, "_can_make_environments", lambda: False)
    assert system_packages.missing_packages(["libgl1"]) == [system_packages.VENV]


def test_a_failing_apt_is_reported_with_what_it_said(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    program(machine, "apt-get", "echo 'no such host'; exit 100")
    with pytest.raises(SetupError, match="no such host"):
        system_packages.ensure(("list.txt",))


@pytest.mark.parametrize("file", sorted(path.name for path in system_packages.LISTS.glob("*.txt")))
def test_every_list_holds_sorted_names(file: str) -> None:
    names = system_packages.read_list(system_packages.LISTS / file)
    assert names == sorted(set(names))
