"""Geometry passports: each kind of broken series gets its named finding, a sound one gets none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medseg_app.core.errors import GeometryError
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume_info import VolumeInfo
from tests.data_folder import data

from .small_series import AXIAL, CORONAL, NEGATED, OBLIQUE, SAGITTAL, positions, stack, write

GOOD = {"axial": AXIAL, "coronal": CORONAL, "sagittal": SAGITTAL, "negated": NEGATED, "oblique": OBLIQUE}


def _scan(tmp_path: Path, *, places: np.ndarray | None = None, **values: Any) -> VolumeInfo:
    (volume,) = scan_folder(write(stack(places=places, **values), tmp_path)).volumes
    return volume


def _codes(volume: VolumeInfo) -> list[str]:
    return [finding.code for finding in volume.passport.findings]


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    "order", [slice(None), slice(None, None, -1), np.random.default_rng(1).permutation(12)]
)
def test_a_sound_series_has_no_finding(tmp_path: Path, name: str, order: Any) -> None:
    images = stack(GOOD[name])
    write([images[n] for n in np.arange(12)[order]], tmp_path)
    (volume,) = scan_folder(tmp_path).volumes
    assert _codes(volume) == []
    assert volume.passport.verdict == "ok"
    assert volume.passport.gaps_mm == pytest.approx((2.5,) * 11)
    assert volume.passport.tilt_degrees == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(volume.geometry.origins, positions(GOOD[name]), atol=1e-5)
    np.testing.assert_allclose(volume.geometry.i_step, 0.7 * np.array(GOOD[name][:3]), atol=1e-8)
    np.testing.assert_allclose(volume.geometry.j_step, 1.5 * np.array(GOOD[name][3:]), atol=1e-8)
    assert np.linalg.det(volume.geometry.direction_kji[:, ::-1]) == pytest.approx(1)


def test_gantry_tilt(tmp_path: Path) -> None:
    places = positions() + np.arange(12)[:, None] * np.array([0, 0.8, 0])
    volume = _scan(tmp_path, places=places)
    assert _codes(volume) == ["gantry_tilt"]
    assert volume.passport.tilt_degrees == pytest.approx(np.degrees(np.arctan(0.8 / 2.5)))
    assert "17.7 degrees" in volume.passport.sentence
    assert volume.geometry.is_regular
    assert volume.geometry.is_sheared


def test_missing_slices(tmp_path: Path) -> None:
    volume = _scan(tmp_path, places=np.delete(positions(), [4, 5, 9], axis=0))
    assert _codes(volume) == ["missing_slices"]
    assert volume.passport.sentence == (
        "About 3 slices missing: gaps after slice 4 (7.50 mm), after slice 7 (5.00 mm) instead of 2.50 mm."
    )
    with pytest.raises(GeometryError):
        _ = volume.geometry.affine


def test_missing_slices_in_most_of_the_gaps(tmp_path: Path) -> None:
    """The median gap would be wrong here; the stated distance between slices tells."""
    volume = _scan(tmp_path, places=positions()[[0, 1, 4, 7, 10]], SpacingBetweenSlices=2.5)
    assert _codes(volume) == ["missing_slices"]
    assert "6 slices" in volume.passport.sentence


def test_uneven_spacing(tmp_path: Path) -> None:
    places = positions()
    places[6:, 2] += 0.4
    volume = _scan(tmp_path, places=places)
    assert _codes(volume) == ["uneven_spacing"]
    assert "2.50 to 2.90 mm" in volume.passport.sentence


def test_spacing_that_drifts_within_the_tolerance_of_each_gap(tmp_path: Path) -> None:
    places = positions()
    places[6:, 2] += 0.005 * np.arange(1, 7)
    assert _codes(_scan(tmp_path, places=places)) == ["uneven_spacing"]


def test_slices_shifted_sideways(tmp_path: Path) -> None:
    places = positions()
    places[6, 0] += 1.5
    volume = _scan(tmp_path, places=places)
    assert _codes(volume) == ["shifted_slices"]
    assert not volume.geometry.is_regular


def test_too_few_slices(tmp_path: Path) -> None:
    volume = _scan(tmp_path, places=positions()[:2])
    assert _codes(volume) == ["too_few_slices"]
    assert volume.passport.verdict == "note"


def test_rows_and_columns_askew(tmp_path: Path) -> None:
    volume = _scan(tmp_path)
    askew = stack((1.0, 0, 0, 0.02, 1.0, 0))
    (volume,) = scan_folder(write(askew, tmp_path / "askew")).volumes
    assert "not_orthonormal" in _codes(volume)
    assert volume.passport.orthonormality == pytest.approx(0.02)
    assert volume.passport.verdict == "problem"


def test_slices_turned_a_little(tmp_path: Path) -> None:
    images = stack()
    images[3].ImageOrientationPatient = [1, 0.0005, 0, -0.0005, 1, 0]
    (volume,) = scan_folder(write(images, tmp_path)).volumes
    assert _codes(volume) == ["orientation_varies"]


def test_no_pixel_spacing(tmp_path: Path) -> None:
    images = stack()
    for dataset in images:
        del dataset.PixelSpacing
    (volume,) = scan_folder(write(images, tmp_path)).volumes
    assert _codes(volume) == ["no_spacing"]
    assert volume.spacing[1:] == (1.0, 1.0)


def test_facts_about_the_pixels(tmp_path: Path) -> None:
    volume = _scan(
        tmp_path,
        PixelPaddingValue=63536,
        PhotometricInterpretation="MONOCHROME1",
        LossyImageCompression="01",
        WindowCenter=[40, 300],
        WindowWidth=[400, 1500],
    )
    assert _codes(volume) == ["padding", "inverted", "lossy"]
    assert (volume.passport.padding, volume.padding) == (63536, 62512)
    assert volume.inverted
    assert volume.window == (40, 400)
    assert volume.passport.rescale == (1, -1024)
    assert (volume.passport.bits_stored, volume.passport.signed) == (16, False)


@pytest.mark.parametrize(
    ("folder", "codes"),
    [
        ("vendor_quirks/failing/gantrytilting/001", ["gantry_tilt"]),
        ("vendor_quirks/failing/sliceincrement/001", ["missing_slices"]),
        ("vendor_quirks/failing/sliceincrement/002", ["missing_slices", "gantry_tilt"]),
        ("vendor_quirks/failing/slicecount/001", ["too_few_slices"]),
        ("mr_prostate_study/ProstateX-missing-slice", ["missing_slices"]),
    ],
)
def test_broken_real_series(folder: str, codes: list[str]) -> None:
    (volume,) = scan_folder(data("dicom", *folder.split("/"))).volumes
    assert _codes(volume) == codes


def test_the_incomplete_cine_is_told_to_be() -> None:
    volumes = scan_folder(data("dicom", "mr_cardiac_cine")).volumes
    assert len(volumes) == 20
    assert all(volume.passport.has("incomplete_series") for volume in volumes)
    assert all(volume.passport.has("frame_of_reference_varies") for volume in volumes)


@pytest.mark.parametrize("folder", ["ct_lung_4d_rtstruct", "mr_head_patient_positions"])
def test_sound_real_series(folder: str) -> None:
    for volume in scan_folder(data("dicom", folder)).volumes:
        assert _codes(volume) == []


def test_the_listing_of_a_volume(tmp_path: Path) -> None:
    listed = _scan(tmp_path).to_json()
    assert listed == {
        "id": "1.2.3.4.5",
        "modality": "CT",
        "description": "small",
        "files": 12,
        "shape_kji": [12, 48, 64],
        "spacing_kji_mm": pytest.approx([2.5, 1.5, 0.7]),
        "origin_lps_mm": [-20.0, -30.0, -100.0],
        "direction": pytest.approx([1, 0, 0, 0, 1, 0, 0, 0, 1]),
        "verdict": "ok",
        "findings": [],
    }
