"""A command that fails leaves none of its own files, and those of an earlier run as they were."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from medseg_app.core.errors import VerificationError
from medseg_app.io import export
from tests.cli.test_words import overlapping

WRITERS = ["export", "predict", "replay"]
EARLIER = b"of an earlier run"


@pytest.fixture
def words(study, labels, models, journal, tmp_path):
    """The words of a command that writes, without its outputs."""
    for folder in ("p", "t"):
        (tmp_path / folder).mkdir()
        shutil.copy(labels, tmp_path / folder / "a.nii.gz")
    return {
        "export": ["export", labels, "--source", study],
        "predict": ["predict", study, "--model", "tiny-organs", "--models", models],
        "replay": ["replay", journal],
        "evaluate": ["evaluate", tmp_path / "p", tmp_path / "t"],
    }


@pytest.fixture(params=["new place", "earlier files"])
def place(request, tmp_path):
    """A folder for outputs, with and without files of an earlier run under their names."""
    folder = tmp_path / "out"
    folder.mkdir()
    if request.param == "earlier files":
        for name in ("a.nii", "b.nrrd", "c.json", "report.html", "cases.csv", "classes.csv"):
            (folder / name).write_bytes(EARLIER)
    return folder


def outputs(place: Path, *names: str) -> list[object]:
    return [word for name in names for word in ("-o", place / name)]


def content(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir()}


@pytest.mark.parametrize("command", WRITERS)
@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (VerificationError("b.nrrd does not hold it."), 1),
        (MemoryError(), 1),
        (ZeroDivisionError("a bug"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_trouble_with_the_second_file_takes_the_first_back(
    medseg, words, place, monkeypatch, command, trouble, code
):
    verify, before = export.verify, content(place)

    def fails(label_map: object, path: object, read_back: object, name: str) -> None:
        if name == "b.nrrd":
            assert (place / "a.nii").read_bytes() != EARLIER, "the first file is in place by now"
            raise trouble
        verify(label_map, path, read_back, name)

    monkeypatch.setattr(export, "verify", fails)
    assert medseg(*words[command], *outputs(place, "a.nii", "b.nrrd", "c.json")).code == code
    assert content(place) == before


def test_a_refusal_that_comes_late_takes_the_first_back(medseg, study, place, tmp_path):
    """That segments overlap is seen when the second file is written."""
    before = content(place)
    words = ["export", overlapping(tmp_path), "--source", study]
    assert medseg(*words, *outputs(place, "o.seg.nrrd", "a.nii")).code == 2
    assert content(place) == before


needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")


@pytest.fixture
def no_room():
    """A standard output on which nothing can be written."""
    with Path("/dev/full").open("w") as full:
        yield full


@needs_full_device
@pytest.mark.parametrize("command", [*WRITERS, "evaluate"])
def test_a_result_that_cannot_be_told_takes_its_files_back(
    medseg, words, place, no_room, monkeypatch, command
):
    before = content(place)
    outs = ["--report", place] if command == "evaluate" else outputs(place, "a.nii", "c.json")
    monkeypatch.setattr(sys, "stdout", no_room)
    ran = medseg(*words[command], *outs, "--json")
    assert ran.code == 1
    assert "standard output" in ran.err
    assert content(place) == before


@needs_full_device
def test_a_process_that_cannot_tell_its_result_takes_its_files_back_too(words, place, no_room):
    """When it ends, Python tries once more to write what it could not."""
    before = content(place)
    ran = subprocess.run(
        [sys.executable, "-m", "medseg_app", *words["export"], *outputs(place, "a.nii", "c.json"), "--json"],
        stdout=no_room, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "standard output" in ran.stderr
    assert content(place) == before


@pytest.mark.parametrize("command", WRITERS)
def test_a_document_that_does_not_read_back_is_exit_1(medseg, words, place, monkeypatch, command):
    write, before = Path.write_bytes, content(place)

    def half(path: Path, data: bytes) -> int:
        return write(path, data[: len(data) // 2] if path.suffix == ".json" else data)

    monkeypatch.setattr(Path, "write_bytes", half)
    ran = medseg(*words[command], *outputs(place, "a.nii", "c.json"))
    assert ran.code == 1
    assert "c.json did not read back" in ran.err
    assert content(place) == before


@pytest.mark.parametrize(("trouble", "code"), [(ZeroDivisionError("a bug"), 1), (KeyboardInterrupt(), 130)])
def test_a_report_that_fails_half_way_is_taken_back(medseg, words, place, monkeypatch, trouble, code):
    from medseg_app.app.report import write

    replacing, before = write.replacing, content(place)

    def fails(path: Path) -> object:
        if path.name == "classes.csv":
            raise trouble
        return replacing(path)

    monkeypatch.setattr(write, "replacing", fails)
    assert medseg(*words["evaluate"], "--report", place).code == code
    assert content(place) == before


def test_a_volume_that_fails_in_a_batch_keeps_its_earlier_file(medseg, words, study, tmp_path, monkeypatch):
    more = ["--series", "all", "--format", "nii,nrrd", "-o", tmp_path / "out"]
    assert medseg(*words["predict"], *more).code == 0
    earlier = content(tmp_path / "out")
    del earlier["manifest.json"]

    def fails(*_: object) -> None:
        raise VerificationError("It does not hold what it should.")

    monkeypatch.setattr(export, "verify", fails)
    assert medseg(*words["predict"], *more, "--precision", "fast").code == 3
    assert content(tmp_path / "out").items() > earlier.items()
    assert len(content(tmp_path / "out")) == 3


def test_where_a_file_can_have_one_name_only_it_is_copied(medseg, words, place, monkeypatch):
    def refuses(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuses)
    test_trouble_with_the_second_file_takes_the_first_back(
        medseg, words, place, monkeypatch, "export", VerificationError("No."), 1
    )


def test_a_run_that_ends_well_leaves_no_second_name(medseg, words, place):
    assert medseg(*words["export"], *outputs(place, "a.nii", "b.nrrd", "c.json")).code == 0
    assert {path.stat().st_nlink for path in place.iterdir()} == {1}
    assert not [path for path in place.iterdir() if path.name.startswith(".")]
    assert EARLIER not in [(place / name).read_bytes() for name in ("a.nii", "b.nrrd", "c.json")]
