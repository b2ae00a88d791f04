"""Killed, out of space or without rights: nothing is left behind, and the file is named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from medseg_app.core.errors import CouldNotBeDone, InputError
from medseg_app.io.atomic import check_writable, remove_remains, replacing, temporary_prefix
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.formats import import_labels, read_image, read_labels

from .made_series import grids, make_series

WRITER = """
import pathlib, sys, time
from medseg_app.io.atomic import replacing
with replacing(pathlib.Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    print(temporary.name, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot be asked which processes run")
def test_what_a_killed_export_left_goes_with_the_next_one(tmp_path: Path) -> None:
    target = tmp_path / "x.nrrd"
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(target)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    remains = tmp_path / process.stdout.readline().strip()
    assert remains.exists()
    with replacing(tmp_path / "other.nrrd") as temporary:
        temporary.write_bytes(b"whole")
    assert remains.exists(), "a process that still runs keeps its file"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not target.exists()
    with replacing(tmp_path / "other.nrrd") as temporary:
        temporary.write_bytes(b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["other.nrrd"]


def test_files_of_others_stay(tmp_path: Path) -> None:
    """Of another computer on a shared disk, of this process, and whatever else lies there."""
    names = [".medseg-00000000-1-ab.nii", ".medseg-x", f"{temporary_prefix()}ab.nii", "mine.nii"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    remove_remains(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    path = tmp_path / "secret.nii.gz"
    path.write_bytes(b"x")

    def refuse(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    for read in (read_labels, read_image, lambda p: import_labels(p, volume)):
        with pytest.raises(
            InputError, match=r"secret\.nii\.gz cannot be opened \(Permission denied\)"
        ) as told:
            read(path)
        assert told.value.hint


def test_a_folder_that_may_not_be_entered_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(CouldNotBeDone, match=r"x\.nii was not written"):
        check_writable(tmp_path / "x.nii")
    with pytest.raises(InputError, match="cannot be opened"):
        scan_folder(tmp_path)
    with pytest.raises(InputError, match="cannot be opened"):
        read_labels(tmp_path / "x.nii")
