"""A computer on which a stand-in for TotalSegmentator is installed, with files in place of its weights."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from medseg_app.engines.totalsegmentator import labels

FAKE = Path(__file__).parent / "fake"


class Fake:
    """What the stand-in is to do, and what it was told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.weights, self.home = folder / "weights", folder / "home"
        self._record, self._monkeypatch = folder / "record.json", monkeypatch

    def plan(self, **plan: Any) -> None:
        plan["record"] = str(self._record)
        self._monkeypatch.setenv("FAKE_PLAN", json.dumps(plan))

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self._record.read_text())

    @property
    def was_called(self) -> bool:
        return self._record.exists()

    def add_weights(self, *numbers: int) -> None:
        for number in numbers:
            fold = self.weights / f"Dataset{number}_part" / "trainer" / "fold_0"
            fold.mkdir(parents=True)
            (fold / "checkpoint_final.pth").write_bytes(b"weights %d" % number)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    with stand_in(tmp_path, monkeypatch) as made:
        yield made


@contextmanager
def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """The computer, whose files lie in a folder; for a test, or for all tests of a class."""
    made = Fake(folder, monkeypatch)
    monkeypatch.syspath_prepend(str(FAKE))
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(made.weights))
    monkeypatch.setenv("MEDSEG_HOME", str(made.home))
    _forget()
    yield made
    _forget()
    exchange = made.home / "cache" / "exchange"
    assert not exchange.exists() or not list(exchange.iterdir())


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "totalsegmentator"]:
        del sys.modules[name]
    labels._table.cache_clear()
