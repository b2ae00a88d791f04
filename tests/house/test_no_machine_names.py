"""The repository names no machine: no absolute paths of a developer's disk, no hosts of a workplace."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.repository import name_of, tracked_files

TEXT = (".py", ".md", ".toml", ".txt", ".json", ".cfg", ".yml", ".yaml", ".sh", ".svg", ".html", "")
FORBIDDEN = {
    "an absolute path": re.compile(r"(?<![\w.])/(?:work|tmp|home|root|Users|opt|mnt)/[\w.-]+"),
    "a drive letter": re.compile(r"\b[A-Z]:\\\\?Users"),
    "an address with a port": re.compile(r"https?://[\w.-]+:\d+"),
    "an address of a package index": re.compile(
        r"https?://[\w.-]*(?:pypi|pytorch|anaconda|debian|index)[\w.-]*"
    ),
    "a numeric host": re.compile(r"\b(?:10|172|192)\.(?:\d{1,3}\.){2}\d{1,3}\b(?!\.)"),
}
LOOPBACK = re.compile(r"https?://(?:127\.0\.0\.1|localhost)(?::\d+)?")


def findings(text: str) -> list[str]:
    """What a text must not name."""
    cleaned = LOOPBACK.sub("", text)
    return [f"{what}: {match[0]}" for what, rule in FORBIDDEN.items() for match in rule.finditer(cleaned)]


def test_no_tracked_file_names_a_machine() -> None:
    found = {name_of(path): findings(read(path)) for path in tracked_files(*TEXT) if path != Path(__file__)}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "see /mnt/studies/data",
        "open('/home/anna/ct')",
        "C:\\Users\\anna",
        "http://mirror:8080",
        "at 192.168.3.7",
    ],
)
def test_a_planted_name_is_found(planted: str) -> None:
    assert findings(planted)


@pytest.mark.parametrize("harmless", ["a/b", "1.2.840.10008.1.2", "http://127.0.0.1:8042", "../shared/data"])
def test_harmless_text_passes(harmless: str) -> None:
    assert findings(harmless) == []


def read(path: Path) -> str:
    """The text of a file; a binary file has none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
