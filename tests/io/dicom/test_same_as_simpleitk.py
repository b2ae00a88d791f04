"""A regular series lies exactly where SimpleITK's series reader puts it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_volume
from medseg_app.io.dicom.volume_info import VolumeInfo
from tests.data_folder import data

from .small_series import AXIAL, CORONAL, NEGATED, OBLIQUE, SAGITTAL, stack, write

PLANES = {"axial": AXIAL, "coronal": CORONAL, "sagittal": SAGITTAL, "negated": NEGATED, "oblique": OBLIQUE}


def _assert_same_place(info: VolumeInfo, image: SimpleITK.Image) -> None:
    listed = info.to_json()
    assert list(image.GetSize()) == listed["shape_kji"][::-1]
    np.testing.assert_allclose(image.GetSpacing(), listed["spacing_kji_mm"][::-1], atol=1e-4)
    np.testing.assert_allclose(image.GetOrigin(), listed["origin_lps_mm"], atol=1e-4)
    np.testing.assert_allclose(image.GetDirection(), listed["direction"], atol=1e-4)


def _read(folder: Path, series_uid: str) -> SimpleITK.Image:
    names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), series_uid)
    return SimpleITK.ReadImage(names)


@pytest.mark.parametrize("plane", PLANES)
def test_small_series(tmp_path: Path, plane: str) -> None:
    write(stack(PLANES[plane])[::-1], tmp_path)
    (info,) = scan_folder(tmp_path).volumes
    image = _read(tmp_path, info.series_uid)
    _assert_same_place(info, image)
    np.testing.assert_array_equal(load_volume(info).voxels, SimpleITK.GetArrayViewFromImage(image))


@pytest.mark.parametrize(
    "folder",
    [
        "ct_lung_4d_rtstruct",
        "sarcoma_ct_pet_mr_rtstruct",
        "mr_head_patient_positions",
        "mr_prostate_study/ProstateX",
    ],
)
def test_real_series(folder: str) -> None:
    compared = 0
    for info in scan_folder(data("dicom", *folder.split("/"))).volumes:
        if "#" in info.id or not info.geometry.is_regular:
            continue
        image = _read(info.files[0].parent, info.series_uid)
        _assert_same_place(info, image)
        if not info.passport.has("rescale_per_slice"):
            np.testing.assert_array_equal(load_volume(info).voxels, SimpleITK.GetArrayViewFromImage(image))
        compared += 1
    assert compared
