"""A script of the user's needs no `if __name__ == "__main__"`: processes of ours do not run it again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import RLELossless

from tests.house.repository import ROOT
from tests.io.dicom.small_series import stack, write

LOAD = """
import medseg_app as ms
from medseg_app.io.dicom import decoding

decoding.WORTH_WORKERS = 2
print(ms.load("series").voxels.shape)
"""
APART = """
from medseg_app.app.apart import run_apart
from medseg_app.core.progress import silent

print(run_apart("Asking", callable, silent))
"""


def _compressed(folder: Path) -> None:
    for file in write(stack(), folder).iterdir():
        image = dcmread(file)
        image.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
        image.save_as(file)


@pytest.mark.parametrize(("script", "answer"), [(LOAD, "(12, 48, 64)"), (APART, "True")])
def test_a_script_is_run_once(tmp_path: Path, script: str, answer: str) -> None:
    _compressed(tmp_path / "series")
    (tmp_path / "script.py").write_text(f"print('begins')\n{script}")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["begins", answer], done.stderr


def test_every_process_of_ours_comes_from_there() -> None:
    """Who asks Python for a context of his own would run the script again."""
    asks = re.compile(r"get_context\(|multiprocessing import .*Process|multiprocessing\.(Process|Pool)\b")
    sources = {path.name for path in (ROOT / "medseg_app").rglob("*.py") if asks.search(path.read_text())}
    assert not sources
