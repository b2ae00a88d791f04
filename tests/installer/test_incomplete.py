"""Half-written packages are found by what their RECORD says."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer import incomplete


@pytest.fixture
def site_packages(tmp_path: Path) -> Path:
    """A folder with one whole package."""
    package(tmp_path, "whole", {"whole.py": "x = 1"})
    return tmp_path


def package(folder: Path, name: str, files: dict[str, str]) -> Path:
    """Install files and the RECORD that lists them, as pip does."""
    entry = folder / f"{name}-1.0.dist-info"
    entry.mkdir()
    for path, text in files.items():
        (folder / path).write_text(text)
    rows = [f"{path},sha256=abc,{len(text)}" for path, text in files.items()]
    rows += [f"__pycache__/{name}.cpython-311.pyc,,", f"{name}-1.0.dist-info/RECORD,,"]
    (entry / "RECORD").write_text("\n".join(rows) + "\n")
    return entry


def test_a_whole_package_is_kept(site_packages: Path) -> None:
    assert incomplete.remove(site_packages) == []
    assert (site_packages / "whole-1.0.dist-info").exists()


def test_a_package_without_record_is_removed(site_packages: Path) -> None:
    (package(site_packages, "cut", {"cut.py": ""}) / "RECORD").unlink()
    assert incomplete.remove(site_packages) == ["cut-1.0"]
    assert not (site_packages / "cut-1.0.dist-info").exists()


def test_a_package_with_a_missing_file_is_removed(site_packages: Path) -> None:
    package(site_packages, "cut", {"cut.py": "x"})
    (site_packages / "cut.py").unlink()
    assert incomplete.remove(site_packages) == ["cut-1.0"]


def test_a_package_with_a_truncated_file_is_removed(site_packages: Path) -> None:
    package(site_packages, "cut", {"cut.py": "x = 12"})
    (site_packages / "cut.py").write_text("x =")
    assert incomplete.remove(site_packages) == ["cut-1.0"]


def test_what_pip_put_aside_is_removed(site_packages: Path) -> None:
    (site_packages / "~hole").mkdir()
    incomplete.remove(site_packages)
    assert not (site_packages / "~hole").exists()
