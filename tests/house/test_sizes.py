"""A file has one job: it is short."""

from __future__ import annotations

from pathlib import Path

from tests.house.repository import name_of, tracked_files

LIMIT = 400


def test_no_source_file_is_longer_than_the_limit() -> None:
    too_long = {name_of(path): lines(path) for path in tracked_files(".py") if lines(path) >= LIMIT}
    assert too_long == {}


def test_the_median_file_is_short() -> None:
    sizes = sorted(
        lines(path) for path in tracked_files(".py") if "medseg_app" in path.parts and lines(path) > 3
    )
    assert sizes[len(sizes) // 2] <= 150


def test_weight_files_stay_small() -> None:
    megabytes = {name_of(path): path.stat().st_size / 1e6 for path in tracked_files(".safetensors")}
    assert {name: size for name, size in megabytes.items() if size >= 40} == {}


def lines(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())
