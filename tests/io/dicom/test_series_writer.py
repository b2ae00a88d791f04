from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from medseg_app.app.demo_study import write_demo_study, write_stacks
from medseg_app.core.errors import WrongUse
from medseg_app.io.dicom.series_writer import write_series
from medseg_app.phantom import marker_phantom
from medseg_app.phantom.marker import AXES
from medseg_app.phantom.variants import VARIANTS
from tests.data_folder import missing


def _real_values(header: pydicom.Dataset) -> np.ndarray:
    slope, intercept = float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))
    return header.pixel_array * slope + intercept


@pytest.mark.parametrize("orientation", AXES)
def test_every_slice_states_its_place_and_its_values(tmp_path: Path, orientation: str) -> None:
    volume, _ = marker_phantom(orientation)
    files = write_series(volume, tmp_path)
    for k, file in enumerate(files):
        header = pydicom.dcmread(file)
        assert np.array_equal(_real_values(header), volume.voxels[k])
        row_cosine, column_cosine = np.reshape(np.array(header.ImageOrientationPatient, float), (2, 3))
        place = np.array(header.ImagePositionPatient, float)
        place = place + 40 * row_cosine * header.PixelSpacing[1] + 7 * column_cosine * header.PixelSpacing[0]
        assert place == pytest.approx(volume.geometry.to_patient((k, 7, 40)), abs=1e-4)


def test_simpleitk_reads_the_series_where_it_lies(tmp_path: Path) -> None:
    import SimpleITK

    volume, _ = marker_phantom("oblique")
    write_series(volume, tmp_path, scattered_names=True)
    folders = {f.parent for f in tmp_path.rglob("*") if f.is_file()}
    files = [SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)) for folder in folders]
    assert sum(map(len, files)) == 12
    flat = tmp_path / "flat"
    flat.mkdir()
    for file in (f for group in files for f in group):
        shutil.copy(file, flat)
    image = SimpleITK.ReadImage(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(flat)))
    for k, j, i in ((0, 0, 0), (11, 3, 50), (4, 47, 63)):
        assert image.GetPixel(i, j, k) == volume.voxels[k, j, i]
        assert image.TransformIndexToPhysicalPoint((i, j, k)) == pytest.approx(
            volume.geometry.to_patient((k, j, i)), abs=1e-3
        )


@pytest.mark.parametrize("name", VARIANTS)
def test_dciodvfy_finds_no_error_in_any_variant(tmp_path: Path, name: str) -> None:
    if shutil.which("dciodvfy") is None:
        missing("dciodvfy of dicom3tools")
    files = write_stacks(VARIANTS[name](marker_phantom()[0]), tmp_path, seed=1)
    assert len({pydicom.dcmread(f).SOPInstanceUID for f in files}) == len(files)
    for file in {files[0], files[-1]}:
        done = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, check=False)
        assert "Error" not in done.stderr, done.stderr


def test_a_slope_per_slice_is_stated_and_its_values_are_near(tmp_path: Path) -> None:
    volume, _ = marker_phantom()
    stack = VARIANTS["slope per slice"](volume)[0]
    headers = [pydicom.dcmread(f) for f in write_series(stack.volume, tmp_path, **stack.facts)]
    assert len({float(h.RescaleSlope) for h in headers}) == 12
    for k, header in enumerate(headers):
        assert np.abs(_real_values(header) - volume.voxels[k]).max() <= float(header.RescaleSlope) / 2 + 1e-6


def test_padding_is_stated_and_stored(tmp_path: Path) -> None:
    stack = VARIANTS["padding"](marker_phantom()[0])[0]
    header = pydicom.dcmread(write_series(stack.volume, tmp_path)[0])
    assert header.PixelPaddingValue == -2000
    assert header.pixel_array[0, 0] == -2000


def test_the_demo_study_is_the_same_every_time_and_holds_two_series(tmp_path: Path) -> None:
    first, second = (write_demo_study(tmp_path / name, seed=8) for name in "ab")
    files = sorted(f.relative_to(first) for f in first.rglob("*.dcm"))
    assert files == sorted(f.relative_to(second) for f in second.rglob("*.dcm"))
    assert all((first / f).read_bytes() == (second / f).read_bytes() for f in files)
    headers = [pydicom.dcmread(first / f, stop_before_pixels=True) for f in files]
    assert len({h.StudyInstanceUID for h in headers}) == 1
    assert sorted(
        len([h for h in headers if h.SeriesInstanceUID == u]) for u in {h.SeriesInstanceUID for h in headers}
    ) == [3, 44]
    assert {str(h.PatientName) for h in headers} == {"Phantom^Abdomen"}


def test_other_modalities_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="PT"):
        write_series(replace(marker_phantom()[0], modality="PT"), tmp_path)
    assert not list(tmp_path.iterdir())
