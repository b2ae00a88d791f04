"""The trial in a bare root fails where a second start sets up for long; what it runs is made up here."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from tests.installer import try_in_bare_root as trial


class Root:
    """Stands in for the bare root: each job takes its seconds and ends with its exit code."""

    def __init__(self, seconds: float, **codes: int) -> None:
        self.seconds, self.codes = seconds, codes
        self.now = 0.0
        self.jobs: list[str] = []

    def run(self, job: str, _options: Namespace) -> int:
        self.jobs.append(job)
        self.now += self.seconds if job == "setup" else 300.0
        return self.codes.get(job, 0)


def tried(root: Root, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of a trial with both commands in this root."""
    options = Namespace(root=Path("root"), take=[], job=["run", "test"])
    monkeypatch.setattr(trial, "parse", lambda: options)
    for name in ("make_root", "clone"):
        monkeypatch.setattr(trial, name, lambda _: None)
    monkeypatch.setattr(trial, "run", root.run)
    monkeypatch.setattr("os.geteuid", lambda: 0, raising=False)
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr("time.monotonic", lambda: root.now)
    return trial.main()


@pytest.mark.parametrize(("seconds", "code"), [(0.4, 0), (2.9, 0), (3.0, 1), (40.0, 1)])
def test_a_second_start_that_sets_up_for_long_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seconds: float, code: int
) -> None:
    root = Root(seconds)
    assert tried(root, monkeypatch) == code
    assert root.jobs == ["run", "test", "setup"]
    assert f"a second start adds {seconds:.1f} s" in capsys.readouterr().out


def test_a_second_start_that_fails_hands_its_exit_code_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried(Root(0.4, setup=7), monkeypatch) == 7


def test_after_a_command_that_failed_nothing_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Root(0.4, test=5)
    assert tried(root, monkeypatch) == 5
    assert root.jobs == ["run", "test"]
