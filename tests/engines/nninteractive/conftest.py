"""A computer on which a stand-in for nnInteractive is installed, with a file in place of its weights."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FAKE = Path(__file__).parent / "fake"


class Fake:
    """Where its weights lie, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self.models, self.record = folder / "nn" / "models", folder / "record.jsonl"

    def add_weights(self, name: str = "nnInteractive_v1.0") -> None:
        fold = self.models / name / "fold_0"
        fold.mkdir(parents=True)
        (fold / "checkpoint_final.pth").write_bytes(name.encode())

    def told(self, *what: str) -> list[Any]:
        lines = [json.loads(line) for line in self.record.read_text().splitlines()]
        return [line for line in lines if not what or line[0] in what]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    with stand_in(tmp_path, monkeypatch) as made:
        yield made


@contextmanager
def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """The computer, whose files lie in a folder; for a test, or for all tests of a class."""
    made = Fake(folder)
    monkeypatch.syspath_prepend(str(FAKE))
    monkeypatch.setenv("NNINTERACTIVE_MODEL_DIR", str(folder / "nn"))
    monkeypatch.setenv("FAKE_RECORD", str(made.record))
    monkeypatch.delenv("MEDSEG_NNINTERACTIVE_SERVER", raising=False)
    _forget()
    yield made
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "nnInteractive"]:
        del sys.modules[name]
