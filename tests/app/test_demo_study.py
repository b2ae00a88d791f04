"""The demonstration study is whole at every start, whatever happened to the one before."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import medseg_app.phantom
from medseg_app.app import demo_study
from medseg_app.app.demo_study import DEMO_FILES, ensure_demo_study
from medseg_app.io.atomic import replacing, temporary_prefix


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def one_phantom(monkeypatch):
    """Making it up takes most of the time, and it is the same each time."""
    monkeypatch.setattr(medseg_app.phantom, "make_phantom", cache(medseg_app.phantom.make_phantom))


class Killed(BaseException):
    """What ends the writing in the middle of it."""


@pytest.fixture
def half(tmp_path, monkeypatch) -> Path:
    """What is left of a start that was killed while it wrote the 21st file."""
    left = [20]

    def until_killed(path, suffix=None):
        left[0] -= 1
        if left[0] < 0:
            path.with_name(f"{temporary_prefix()}ab.dcm").write_bytes(b"half")
            raise Killed
        return replacing(path, suffix)

    with monkeypatch.context() as patch:
        patch.setattr("medseg_app.io.dicom.series_writer.replacing", until_killed)
        with pytest.raises(Killed):
            ensure_demo_study(tmp_path / "study")
    return tmp_path / "study"


def test_half_a_study_is_completed_and_a_whole_one_left_alone(half, tmp_path, monkeypatch):
    assert len(files_of(half)) == 21
    whole = files_of(demo_study.write_demo_study(tmp_path / "other"))
    assert len(whole) == DEMO_FILES
    (next(half.rglob(".*"))).unlink()  # of a process that runs: it is removed once that has ended
    assert files_of(ensure_demo_study(half)) == whole
    monkeypatch.setattr(demo_study, "write_demo_study", None)
    assert files_of(ensure_demo_study(half)) == whole


def test_an_unfinished_file_is_not_counted(tmp_path, monkeypatch):
    for number in range(DEMO_FILES):
        (tmp_path / f".medseg-{number}.dcm").write_bytes(b"half")
    written = []
    monkeypatch.setattr(demo_study, "write_demo_study", written.append)
    ensure_demo_study(tmp_path)
    assert written == [tmp_path]
