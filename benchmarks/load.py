"""Load of 400 slices 512 x 512: ours beside pydicom's loop, SimpleITK's reader and the bare bytes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_slice, load_volume
from medseg_app.io.dicom.volume_info import VolumeInfo

from .clones import clone_series, read_into_one_array
from .row import Row
from .timing import measure, seconds, within


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        clone_series(folder, 1, with_pixels=True)
        (info,) = scan_folder(folder).volumes
        files = list(info.files)
        np.testing.assert_array_equal(load_volume(info).voxels, _pydicom(files, info.shape))
        return [_load(info, files), _first_slice(info), _memory(folder)]


def _load(info: VolumeInfo, files: list[Path]) -> Row:
    peers = {
        "reading the bytes": lambda: read_into_one_array(files, info.shape),
        "pydicom loop into int16": lambda: _pydicom(files, info.shape),
        "SimpleITK series reader": lambda: _simpleitk(files),
    }
    goal = {"reading the bytes": 2.0, "pydicom loop into int16": 0.25, "SimpleITK series reader": 0.15}
    return measure("load 400 slices 512 x 512", lambda: load_volume(info), peers, goal)


def _first_slice(info: VolumeInfo) -> Row:
    return within("first slice after the scan", seconds(lambda: load_slice(info, info.shape[0] // 2)), 0.05)


def _memory(folder: Path) -> Row:
    """Highest memory of a process of its own, above what it had before loading."""
    code = f"import benchmarks.load as b; print(*b.peak_and_size({str(folder)!r}))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    peak, size = map(float, answer.stdout.split())
    return within(
        "highest memory while loading, above the start", peak, 1.2 * size, "MB", f"volume {size:.0f} MB"
    )


def peak_and_size(folder: str) -> tuple[float, float]:
    """MB of memory that loading added at its highest, and MB of the volume."""
    (info,) = scan_folder(folder).volumes
    load_slice(info, 0)
    size = int(np.prod(info.shape)) * 2 / 2**20
    return highest_memory(lambda: load_volume(info)), size


def highest_memory(run: Callable[[], object]) -> float:
    """MB that a call added to this process at its highest."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest so far counts from here
    before = _status("VmRSS")
    kept = run()
    highest = _status("VmHWM")
    del kept
    return (highest - before) / 1024


def _status(name: str) -> int:
    """A figure that Linux keeps of this process, in kB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def _pydicom(files: list[Path], shape: tuple[int, int, int]) -> np.ndarray:
    import pydicom

    voxels = np.empty(shape, np.int16)
    for k, path in enumerate(files):
        dataset = pydicom.dcmread(path)
        voxels[k] = dataset.pixel_array
        voxels[k] *= int(dataset.RescaleSlope)
        voxels[k] += int(dataset.RescaleIntercept)
    return voxels


def _simpleitk(files: list[Path]) -> np.ndarray:
    import SimpleITK

    image = SimpleITK.ReadImage([str(path) for path in files])
    return np.asarray(SimpleITK.GetArrayFromImage(image))
