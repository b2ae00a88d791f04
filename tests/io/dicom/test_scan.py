"""Scanning: every real folder holds the volumes that pydicom alone found, and no file is forgotten."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.fileset import FileSet

from medseg_app.core.errors import Cancelled, InputError, WrongUse
from medseg_app.io.dicom.scan import SeriesFound, find_volume, scan_folder
from medseg_app.io.dicom.volume_info import ScanResult
from tests.data_folder import data

from .small_series import CORONAL, image, positions, stack, stored, write

EXPECTED: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "data" / "expected_series.json").read_text(encoding="utf-8")
)
KINDS = {
    "not DICOM": "not a DICOM file",
    "duplicate": "the same image",
    "colour": "a colour image",
    "compression": "compressed",
    "no series": "an image that names no series",
}


def _all_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _accounted(result: ScanResult) -> list[Path]:
    used = {file for volume in result.volumes for file in volume.files}
    named = [entry.path for entry in result.left_out]
    assert not used & set(named)
    return sorted([*used, *named])


@pytest.mark.parametrize("folder", sorted(EXPECTED))
def test_real_folders_hold_the_expected_volumes(folder: str) -> None:
    expected = EXPECTED[folder]
    result = scan_folder(data("dicom", *folder.split("/")))
    assert _accounted(result) == _all_files(result.root)
    found = {
        v.id: {"modality": v.modality, "shape_kji": list(v.shape), "files": len(v.files)}
        for v in result.volumes
    }
    wanted = {
        v["id"]: {key: v[key] for key in ("modality", "shape_kji", "files")} for v in expected["volumes"]
    }
    assert found == wanted
    heights = {v["id"]: v.get("first_and_last_height_mm") for v in expected["volumes"]}
    for volume in result.volumes:
        if heights[volume.id] is not None:
            ends = volume.geometry.origins[[0, -1]] @ volume.geometry.normal
            assert ends == pytest.approx(heights[volume.id], abs=2e-3)
    kinds = Counter(
        kind for entry in result.left_out for kind, words in KINDS.items() if entry.reason.startswith(words)
    )
    assert kinds == {kind: n for kind, n in expected["left_out"].items() if kind in KINDS}
    assert len(result.left_out) == sum(expected["left_out"].values())


def test_a_series_with_several_volumes_says_why() -> None:
    for folder, expected in EXPECTED.items():
        if any("reason" in volume for volume in expected["volumes"]):
            for volume in scan_folder(data("dicom", *folder.split("/"))).volumes:
                assert volume.passport.has("part_of_series") == ("#" in volume.id)
                assert bool(volume.part) == ("#" in volume.id)


def test_any_file_names_in_any_folders(tmp_path: Path) -> None:
    images = stack()
    write(images[::2], tmp_path / "a" / "deep er", names="{}")
    write(images[1::2][::-1], tmp_path / "ü", names="IMG{}.txt")
    (volume,) = scan_folder(tmp_path).volumes
    assert volume.id == "1.2.3.4.5"
    assert volume.shape == (12, 48, 64)
    assert volume.spacing == pytest.approx((2.5, 1.5, 0.7))
    np.testing.assert_allclose(volume.geometry.origins, positions())


def test_implicit_and_explicit_give_the_same(tmp_path: Path) -> None:
    images = stack()
    (explicit,) = scan_folder(write(images, tmp_path / "explicit")).volumes
    (implicit,) = scan_folder(write(images, tmp_path / "implicit", implicit=True)).volumes
    assert explicit.geometry.same_grid(implicit.geometry, 0.0)
    assert explicit.patient == implicit.patient


def test_a_single_file(tmp_path: Path) -> None:
    folder = write(stack(), tmp_path)
    (volume,) = scan_folder(folder / "003.dcm").volumes
    assert volume.files == (folder / "003.dcm",)


def test_a_dicomdir_stands_for_the_folder_around_it(tmp_path: Path) -> None:
    media = FileSet()
    for dataset in stack()[:3]:
        dataset.StudyDate, dataset.StudyTime, dataset.StudyID, dataset.SeriesNumber = (
            "20260101",
            "1200",
            "1",
            1,
        )
        media.add(dataset)
    media.write(tmp_path / "media")
    result = scan_folder(tmp_path / "media" / "DICOMDIR")
    assert [volume.shape for volume in result.volumes] == [(3, 48, 64)]
    assert [entry.path.name for entry in result.left_out] == ["DICOMDIR"]
    assert "index" in result.left_out[0].reason


def test_copies_of_an_image_count_once(tmp_path: Path) -> None:
    write(stack(), tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    result = scan_folder(tmp_path)
    assert [len(volume.files) for volume in result.volumes] == [12]
    assert len(result.left_out) == 12
    assert all(
        "the same image" in entry.reason and "000.dcm" in entry.reason for entry in result.left_out[:1]
    )


@pytest.mark.parametrize("missing", [1, 100, 48 * 64 * 2, 48 * 64 * 2 + 12])
def test_a_damaged_slice_is_named_with_its_volume(tmp_path: Path, missing: int) -> None:
    folder = write(stack(), tmp_path)
    whole = (folder / "005.dcm").read_bytes()
    (folder / "005.dcm").write_bytes(whole[:-missing])
    result = scan_folder(folder)
    (volume,) = result.volumes
    assert volume.shape == (11, 48, 64)
    assert [entry.path.name for entry in volume.left_out] == ["005.dcm"]
    assert volume.left_out == result.left_out
    assert volume.passport.verdict == "problem"
    assert volume.passport.has("damaged_slices")
    assert volume.passport.has("missing_slices")
    assert "005.dcm" in volume.passport.sentence


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes as on Linux and macOS")
def test_links_in_a_circle_and_pipes_do_not_hold_the_scan(tmp_path: Path) -> None:
    folder = write(stack(), tmp_path / "series")
    (folder / "again").symlink_to(tmp_path)
    (folder / "nowhere").symlink_to(tmp_path / "gone")
    os.mkfifo(folder / "pipe")
    result = scan_folder(tmp_path)
    assert [volume.shape for volume in result.volumes] == [(12, 48, 64)]
    assert {entry.path.name: entry.reason for entry in result.left_out} == {
        "nowhere": "not a regular file",
        "pipe": "not a regular file",
    }


def test_series_are_told_while_the_scan_goes_on(tmp_path: Path) -> None:
    for number in range(3):
        write(
            stack(SeriesInstanceUID=f"1.2.3.{number}", SeriesDescription=f"s{number}"), tmp_path / str(number)
        )
    told: list[SeriesFound] = []
    files_before: list[int] = []

    def on_series(series: SeriesFound) -> None:
        told.append(series)
        files_before.append(int(series.first_file.parent.name))

    scan_folder(tmp_path, on_series)
    assert [series.description for series in told] == ["s0", "s1", "s2"]
    assert files_before == [0, 1, 2]
    assert told[0].patient["name"] == "Small^Series"


def test_a_scan_can_be_stopped(tmp_path: Path) -> None:
    write(stack(), tmp_path)

    def stop(fraction: float, message: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        scan_folder(tmp_path, progress=stop)


def test_an_image_may_claim_no_more_frames_than_its_file_can_hold(tmp_path: Path) -> None:
    bomb = image(positions()[0], stored(1)[0], NumberOfFrames=2_000_000_000)
    write([bomb], tmp_path)
    (entry,) = scan_folder(tmp_path).left_out
    assert "damaged" in entry.reason


# -- which volume is meant -----------------------------------------------------------------------


@pytest.fixture
def three(tmp_path: Path) -> ScanResult:
    write(stack(), tmp_path / "ct")
    write(stack(SeriesInstanceUID="1.2.9", Modality="MR"), tmp_path / "mr")
    write(stack(CORONAL, SeriesInstanceUID="1.2.9", Modality="MR"), tmp_path / "mr")
    return scan_folder(tmp_path)


def test_the_only_volume_of_a_modality(three: ScanResult) -> None:
    assert find_volume(three, modalities=("CT", "PT")).id == "1.2.3.4.5"


def test_a_volume_by_its_id(three: ScanResult) -> None:
    assert find_volume(three, "1.2.9#2").id == "1.2.9#2"


def test_several_that_fit_are_listed(three: ScanResult) -> None:
    with pytest.raises(
        WrongUse, match=r"3 volumes that fit:\n  1\.2\.3\.4\.5  CT  12 x 48 x 64  small\n"
    ) as told:
        find_volume(three)
    assert told.value.hint == "Name one with --series ID."
    assert "1.2.9#1  MR" in told.value.message


def test_a_series_of_several_volumes_is_no_volume(three: ScanResult) -> None:
    with pytest.raises(WrongUse, match=r"1\.2\.9 holds 2 volumes"):
        find_volume(three, "1.2.9")


def test_an_unknown_id_and_a_missing_modality(three: ScanResult) -> None:
    with pytest.raises(WrongUse, match=r"no volume 9\.9"):
        find_volume(three, "9.9")
    with pytest.raises(WrongUse, match="no PT volume"):
        find_volume(three, modalities=("PT",))


def test_folders_without_images(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="It is empty"):
        find_volume(scan_folder(tmp_path))
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match=r"notes\.txt: not a DICOM file"):
        find_volume(scan_folder(tmp_path))
    with pytest.raises(InputError, match="no file or folder"):
        scan_folder(tmp_path / "gone")


# -- the index of a medium -----------------------------------------------------------------------


def _medium(folder: Path) -> list[Path]:
    media = FileSet()
    for dataset in stack():
        dataset.StudyDate, dataset.StudyTime, dataset.StudyID, dataset.SeriesNumber = "20260101", "12", "1", 1
        media.add(dataset)
    media.write(folder)
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "DICOMDIR")


def test_files_that_a_dicomdir_names_but_that_are_not_there_are_named(tmp_path: Path) -> None:
    """The first and the last slice leave no gap behind: only the index knows of them."""
    files = _medium(tmp_path / "medium")
    gone = {files[0], files[-1]}
    for file in gone:
        file.unlink()
    result = scan_folder(tmp_path / "medium")
    named = {entry.path for entry in result.left_out if entry.reason.startswith("missing: the index")}
    assert {path.resolve() for path in named} == {path.resolve() for path in gone}
    assert [volume.shape[0] for volume in result.volumes] == [10]


def test_a_slice_that_only_the_index_knows_of_is_one_that_its_volume_lacks(tmp_path: Path) -> None:
    files = _medium(tmp_path / "medium")
    files[-1].unlink()
    (volume,) = scan_folder(tmp_path / "medium").volumes
    assert [one.path.name for one in volume.left_out] == [files[-1].name]
    assert volume.passport.has("damaged_slices")


def test_images_that_were_renamed_are_not_called_missing(tmp_path: Path) -> None:
    for number, file in enumerate(_medium(tmp_path / "medium")):
        file.rename(tmp_path / "medium" / f"{number}.dcm")
    result = scan_folder(tmp_path / "medium")
    assert [entry.path.name for entry in result.left_out] == ["DICOMDIR"]
    assert [volume.shape[0] for volume in result.volumes] == [12]


@pytest.mark.filterwarnings("ignore")
def test_a_dicomdir_does_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    from pydicom import dcmread

    _medium(tmp_path / "medium")
    index = dcmread(tmp_path / "medium" / "DICOMDIR")
    images = [record for record in index.DirectoryRecordSequence if "ReferencedFileID" in record]
    images[0].ReferencedFileID = ["..", "..", "SECRET"]
    images[1].ReferencedFileID = "/SECRET"
    index.save_as(tmp_path / "medium" / "DICOMDIR")
    names = [entry.path.name for entry in scan_folder(tmp_path / "medium").left_out]
    assert names == ["DICOMDIR"]
