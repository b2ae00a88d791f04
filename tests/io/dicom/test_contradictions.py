"""Headers that contradict themselves or each other are named; nothing is made up or averaged silently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_volume
from medseg_app.io.dicom.volume_info import ScanResult

from .small_series import COLUMNS, ROWS, positions, stack, write

pytestmark = pytest.mark.filterwarnings("ignore")
SPACING, SLOPE, INTERCEPT, ORIENTATION = 0x00280030, 0x00281053, 0x00281052, 0x00200037


def _scanned(folder: Path, images: list[Dataset]) -> ScanResult:
    return scan_folder(write(images, folder))


def _raw(tag: int, value: bytes) -> list[Dataset]:
    """A stack whose decimal strings of one attribute are exactly these bytes."""
    images = stack()
    for dataset in images:
        dataset[tag] = RawDataElement(Tag(tag), "DS", len(value), value, 0, False, True)
    return images


@pytest.mark.parametrize("spacing", [b"0\\0 ", b"-1.5\\0.7", b"1.5\\0 ", b"1.5 ", b"1,5\\0,7 ", b"nan\\1 "])
def test_a_spacing_that_cannot_be_is_never_taken_for_one_millimetre_silently(
    tmp_path: Path, spacing: bytes
) -> None:
    (volume,) = _scanned(tmp_path, _raw(SPACING, spacing)).volumes
    assert [finding.code for finding in volume.passport.findings] == ["no_spacing"]
    assert volume.passport.verdict == "problem"


@pytest.mark.parametrize(
    ("tag", "value"),
    [(SLOPE, b"1,5 "), (SLOPE, b"0 "), (SLOPE, b"nan "), (INTERCEPT, b"inf "), (INTERCEPT, b"x ")],
)
def test_a_scale_that_cannot_be_read_is_named(tmp_path: Path, tag: int, value: bytes) -> None:
    images = stack()
    images[7] = _raw(tag, value)[7]
    (volume,) = _scanned(tmp_path, images).volumes
    assert volume.passport.has("no_rescale")
    assert volume.passport.verdict == "problem"


@pytest.mark.parametrize("tag", [SLOPE, INTERCEPT])
def test_an_absent_scale_is_no_fault(tmp_path: Path, tag: int) -> None:
    (volume,) = _scanned(tmp_path, _raw(tag, b"")).volumes
    assert not volume.passport.has("no_rescale")


@pytest.mark.parametrize("cosines", [b"1\\0\\0\\0 ", b"1 ", b"1\\0\\0\\0\\1\\0\\0 ", b"x "])
def test_directions_that_are_not_six_numbers_end_no_scan(tmp_path: Path, cosines: bytes) -> None:
    (volume,) = _scanned(tmp_path, _raw(ORIENTATION, cosines)).volumes
    assert volume.passport.has("no_position")


@pytest.mark.parametrize(("signed", "modality"), [(0, "CT"), (1, "CT"), (0, "MR")])
def test_a_ct_without_any_scale_has_no_room_for_air(tmp_path: Path, signed: int, modality: str) -> None:
    images = stack()
    for one in images:
        del one.RescaleSlope, one.RescaleIntercept
        one.PixelRepresentation, one.Modality = signed, modality
    (volume,) = _scanned(tmp_path, images).volumes
    assert volume.passport.has("no_rescale") == (modality == "CT" and not signed)


@pytest.mark.parametrize(
    "bits",
    [
        {"BitsStored": 0},
        {"BitsStored": 0, "PixelRepresentation": 1},
        {"BitsStored": 20},
        {"BitsStored": 12, "HighBit": 40},
        {"BitsStored": 12, "HighBit": 3},
    ],
)
def test_bits_that_cannot_be_are_named(tmp_path: Path, bits: dict[str, int]) -> None:
    result = _scanned(tmp_path, stack(**bits))
    assert result.volumes == ()
    assert len(result.left_out) == 12
    assert all(entry.reason.startswith("damaged: it claims") for entry in result.left_out)


def test_floating_point_pixels_are_not_read_as_whole_numbers(tmp_path: Path) -> None:
    images = stack(BitsAllocated=32, BitsStored=32, HighBit=31)
    for dataset in images:
        del dataset.PixelData
        dataset.FloatPixelData = np.ones((ROWS, COLUMNS), np.float32).tobytes()
    result = _scanned(tmp_path, images)
    assert result.volumes == ()
    assert {entry.reason for entry in result.left_out} == {
        "pixels of floating-point numbers, which are not supported"
    }


@pytest.mark.parametrize("size", [{"Rows": ROWS - 1}, {"Columns": COLUMNS - 1}])
def test_more_pixels_than_rows_and_columns_is_a_problem(tmp_path: Path, size: dict[str, int]) -> None:
    (volume,) = _scanned(tmp_path, stack(**size)).volumes
    assert [finding.code for finding in volume.passport.findings] == ["surplus_pixels"]
    assert volume.passport.verdict == "problem"


def test_a_byte_that_makes_the_pixels_even_is_no_surplus(tmp_path: Path) -> None:
    odd: dict[str, Any] = {"Rows": 3, "Columns": 5, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    (volume,) = _scanned(tmp_path, stack(**odd, PixelData=bytes(range(15)) + b"\0")).volumes
    assert not volume.passport.findings
    assert load_volume(volume).voxels[0].tolist() == np.arange(-1024, -1009).reshape(3, 5).tolist()


@pytest.mark.parametrize("slice_number", [5, 11])
def test_two_images_under_one_uid_are_not_taken_for_copies(tmp_path: Path, slice_number: int) -> None:
    """The last slice leaves no gap behind: only the passport can tell that it is gone."""
    images = stack()
    images[slice_number].SOPInstanceUID = images[3].SOPInstanceUID
    (volume,) = _scanned(tmp_path, images).volumes
    assert [entry.path.name for entry in volume.left_out] == [f"{slice_number:03d}.dcm"]
    assert "another image that carries the SOPInstanceUID" in volume.left_out[0].reason
    assert volume.passport.has("damaged_slices")


OWNERS: dict[str, dict[str, str]] = {
    "another patient": {"PatientID": "S2"},
    "another study": {"StudyInstanceUID": "1.2.9"},
    "another modality": {"Modality": "PT"},
}


@pytest.mark.parametrize("other", OWNERS)
@pytest.mark.parametrize("offset", [0.0, 30.0])
def test_images_of_two_owners_never_share_a_volume(tmp_path: Path, other: str, offset: float) -> None:
    """Right behind each other they would look like one long sound stack."""
    second = stack(places=positions() + np.array([0.0, 0.0, offset]), **OWNERS[other])
    volumes = _scanned(tmp_path, [*stack(), *second]).volumes
    assert [volume.shape[0] for volume in volumes] == [12, 12]
    assert all(volume.passport.has("mixed_series") for volume in volumes)
    uids = [{frame.sop_instance_uid for frame in volume.frames} for volume in volumes]
    assert {dataset.SOPInstanceUID for dataset in second} in uids


def _skewed(cosine: float) -> Callable[[], list[Dataset]]:
    return lambda: stack((1.0, 0.0, 0.0, cosine, 1.0, 0.0))


@pytest.mark.parametrize(("cosine", "verdict"), [(0.00009, "ok"), (0.0005, "note"), (0.002, "problem")])
def test_what_is_too_skewed_for_nifti_is_told(tmp_path: Path, cosine: float, verdict: str) -> None:
    (volume,) = _scanned(tmp_path, _skewed(cosine)()).volumes
    assert volume.passport.verdict == verdict
    assert volume.geometry.is_sheared == (verdict != "ok")


def test_slices_turned_away_by_more_than_a_tenth_of_a_millimetre_are_a_problem(tmp_path: Path) -> None:
    images = stack(PixelSpacing=[3.0, 3.0])
    images[3].ImageOrientationPatient = [1, 0.0008, 0, -0.0008, 1, 0]
    (volume,) = _scanned(tmp_path, images).volumes
    finding = next(f for f in volume.passport.findings if f.code == "orientation_varies")
    assert finding.verdict == "problem"
    assert "0.19 mm" in finding.text
