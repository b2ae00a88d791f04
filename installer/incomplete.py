"""Packages that an interrupted pip left half-written."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path


def remove(site_packages: Path) -> list[str]:
    """Take the half-written packages' entries away, so that pip installs them again; return their names.

    An entry is the `.dist-info` folder. pip writes its RECORD last: an entry without one, or with files that
    are not there, comes from an installation that was killed. What starts with ~ was put aside by pip.
    """
    removed = []
    for entry in sorted(site_packages.glob("*.dist-info")):
        if not is_complete(entry):
            shutil.rmtree(entry)
            removed.append(entry.name.removesuffix(".dist-info"))
    for aside in site_packages.glob("~*"):
        shutil.rmtree(aside, ignore_errors=True)
    return removed


def is_complete(entry: Path) -> bool:
    """Whether every file that the package's RECORD names is there with the size it had."""
    record = entry / "RECORD"
    if not record.exists():
        return False
    with record.open(encoding="utf-8", newline="") as lines:
        return all(_is_whole(entry.parent / path, size) for path, _, size in csv.reader(lines))


def _is_whole(path: Path, size: str) -> bool:
    if path.suffix == ".pyc":
        return True  # Python makes these again
    try:
        return not size or path.stat().st_size == int(size)
    except OSError:
        return False
