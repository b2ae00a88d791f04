"""The environment: done once, done again when its recipe changes, repaired after an interruption."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from installer import python_packages
from installer.console import SetupError
from installer.environment import Environment


class Steps:
    """Stands in for the long commands: makes the environment's folder, installs nothing, may be cut short."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.cut_short_at = ""

    def __call__(self, title: str, command: list[str], *_rest: Any) -> None:
        self.titles.append(title.partition(" (")[0])
        if self.titles[-1] == self.cut_short_at:
            raise KeyboardInterrupt
        if "venv" in command:
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", command[-1]], check=True)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A checkout with a recipe and no environment yet."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return Environment(tmp_path)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, environment: Environment) -> Steps:
    """The commands that were run."""
    recorded = Steps()
    monkeypatch.setattr(python_packages, "run_step", recorded)
    monkeypatch.setattr(python_packages, "PROGRAMS", ("python",))
    monkeypatch.setattr(python_packages, "_works", lambda it: it.program("python").exists())
    # Nothing is installed here, so the room of the disk that the tests happen to run on says nothing.
    _leave_free(monkeypatch, gigabytes=100)
    return recorded


def _leave_free(monkeypatch: pytest.MonkeyPatch, gigabytes: float) -> None:
    usage = type("Usage", (), {"free": gigabytes * 1e9})
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: usage)


ALL = ["making .venv", "installing the build tool", "installing Python packages"]


def test_everything_is_done_once(environment: Environment, steps: Steps) -> None:
    python_packages.ensure(environment)
    python_packages.ensure(environment)
    assert steps.titles == ALL


def test_a_changed_recipe_installs_again_into_the_same_environment(
    environment: Environment, steps: Steps
) -> None:
    python_packages.ensure(environment)
    (environment.root / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    python_packages.ensure(environment)
    assert steps.titles == ALL + ALL[1:]


def test_an_interrupted_installation_goes_on_where_it_was(environment: Environment, steps: Steps) -> None:
    steps.cut_short_at = ALL[2]
    with pytest.raises(KeyboardInterrupt):
        python_packages.ensure(environment)
    assert not environment.stamp.exists()
    steps.cut_short_at, steps.titles = "", []
    python_packages.ensure(environment)
    assert steps.titles == ALL[1:]
    assert environment.stamp.exists()


def test_a_later_interruption_takes_the_old_stamp_away(environment: Environment, steps: Steps) -> None:
    python_packages.ensure(environment)
    (environment.root / "pyproject.toml").write_text("# another recipe\n")
    steps.cut_short_at = ALL[1]
    with pytest.raises(KeyboardInterrupt):
        python_packages.ensure(environment)
    assert not environment.stamp.exists()


def test_a_broken_environment_is_made_anew(environment: Environment, steps: Steps) -> None:
    (environment.folder / "lib").mkdir(parents=True)
    python_packages.ensure(environment)
    assert steps.titles == ALL


OF_VENV = {"plain": [], "described": ["--prompt", "two words", "--system-site-packages"]}


@pytest.mark.parametrize("options", OF_VENV.values(), ids=OF_VENV)
@pytest.mark.parametrize("folder", ["medseg", "Anna Meier"])
def test_an_environment_whose_checkout_was_moved_is_known_by_it(
    tmp_path: Path, folder: str, options: list[str]
) -> None:
    environment = Environment(tmp_path / folder)
    made = [sys.executable, "-m", "venv", "--without-pip", *options, str(environment.folder)]
    subprocess.run(made, check=True)
    assert python_packages._was_made_here(environment)
    settings = environment.folder / "pyvenv.cfg"
    settings.write_text(settings.read_text().replace(str(environment.root), "/elsewhere"))
    assert not python_packages._was_made_here(environment)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights of their own there")
def test_an_environment_reached_by_a_link_is_the_same(tmp_path: Path) -> None:
    real, link = tmp_path / "big disk", tmp_path / "checkout"
    real.mkdir()
    link.symlink_to(real)
    made = [sys.executable, "-m", "venv", "--without-pip", str(link / ".venv")]
    subprocess.run(made, check=True)
    assert python_packages._was_made_here(Environment(real))
    assert python_packages._was_made_here(Environment(link))


def test_an_environment_that_lost_a_program_is_looked_at_again(
    environment: Environment, steps: Steps
) -> None:
    python_packages.ensure(environment)
    environment.program("python").unlink()
    steps.titles = []
    python_packages.ensure(environment)
    assert steps.titles == ALL


def test_a_damaged_stamp_counts_as_none(environment: Environment, steps: Steps) -> None:
    python_packages.ensure(environment)
    environment.stamp.write_text("{")
    python_packages.ensure(environment)
    assert steps.titles == ALL + ALL[1:]


def test_a_full_disk_is_said_before_anything_is_fetched(
    environment: Environment, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    _leave_free(monkeypatch, gigabytes=1)
    with pytest.raises(SetupError, match="1.0 GB left"):
        python_packages.ensure(environment)
    assert steps.titles == ALL[:1]
