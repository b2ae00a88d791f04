"""Whatever goes wrong while a file is written, the old one stays and nothing half-written remains."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medseg_app.core.errors import CouldNotBeDone, WrongUse
from medseg_app.io import nifti
from medseg_app.io.atomic import replacing
from medseg_app.io.formats import export_labels

from .made_labels import labels_on
from .made_series import grids, make_series


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "x.nii.gz"
    with replacing(target, ".nii.gz") as temporary:
        temporary.write_text("new")
        assert temporary.parent == tmp_path
        assert temporary.name.endswith(".nii.gz")
        assert not target.exists()
    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["x.nii.gz"]


@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")

    def fail() -> None:
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


@pytest.mark.parametrize(
    ("code", "word"), [(errno.ENOSPC, "full"), (errno.EDQUOT, "full"), (errno.EROFS, "read-only")]
)
@pytest.mark.parametrize("file", ["x.seg.dcm", "x.nii.gz", "x.nrrd", "x.mha"])
def test_a_full_disk_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, code: int, word: str
) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])

    def full(_descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CouldNotBeDone, match=word) as caught:
        export_labels(labels_on(volume.geometry), volume, tmp_path / file)
    assert file in caught.value.message
    assert caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["series"]


def test_a_disk_that_fills_up_while_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])

    def half(_labels: object, path: Path) -> None:
        path.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(nifti, "write_labels", half)
    with pytest.raises(CouldNotBeDone, match=r"x\.nii\.gz"):
        export_labels(labels_on(volume.geometry), volume, tmp_path / "x.nii.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["series"]


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    with pytest.raises(WrongUse, match="does not exist"):
        export_labels(labels_on(volume.geometry), volume, tmp_path / "no" / "x.nii.gz")


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is not known to Windows")
def test_killed_while_writing_the_old_file_stays_whole(tmp_path: Path) -> None:
    target = tmp_path / "x.bin"
    target.write_bytes(b"0" * 200_000)
    code = (
        "import sys, pathlib\n"
        "from medseg_app.io.atomic import replacing\n"
        "target = pathlib.Path(sys.argv[1])\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    with replacing(target) as temporary:\n"
        "        temporary.write_bytes(str(n % 10).encode() * 200_000)\n"
        "    print(n, flush=True)\n"
    )
    for pause in (0.0, 0.013, 0.027, 0.05):
        process = subprocess.Popen([sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        content = target.read_bytes()
        assert len(content) == 200_000
        assert len(set(content)) == 1
