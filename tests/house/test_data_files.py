"""Files that programs read can be read: JSON and TOML."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.house.repository import name_of, tracked_files


@pytest.mark.parametrize("path", tracked_files(".json"), ids=name_of)
def test_json_is_json(path: Path) -> None:
    json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", tracked_files(".toml"), ids=name_of)
def test_toml_is_toml(path: Path) -> None:
    tomllib.loads(path.read_text(encoding="utf-8"))
