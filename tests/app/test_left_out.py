"""What is told of files that could not be listed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from medseg_app.app.left_out import is_dicom_seg, left_behind, nothing_found


def item(name: str, reason: str) -> SimpleNamespace:
    return SimpleNamespace(path=Path("folder") / name, reason=reason)


COLOUR = item("us.dcm", "a colour image; only greyscale images can be segmented")
TEXT = item("LICENSE", "not a DICOM file")


def test_a_single_file_is_told_with_its_reason() -> None:
    assert nothing_found(Path("us.dcm"), [COLOUR]) == f"us.dcm cannot be opened: {COLOUR.reason}."


def test_a_folder_without_images_gives_the_reason_that_matters() -> None:
    assert nothing_found(Path("folder"), [TEXT, COLOUR]) == (
        f"No DICOM images were found in folder. us.dcm: {COLOUR.reason}."
    )
    assert nothing_found(Path("folder"), [TEXT, TEXT]) == "No DICOM images were found in folder."


def test_files_that_are_no_images_are_not_worth_a_word() -> None:
    assert left_behind([TEXT]) == ""
    assert left_behind([TEXT, COLOUR]) == f"1 file was left out. us.dcm: {COLOUR.reason}."
    assert left_behind([COLOUR, COLOUR]).startswith("2 files were left out.")


def test_a_segmentation_is_known_by_its_head(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(bytes(128) + b"DICM" + b"1.2.840.10008.5.1.4.1.1.66.4")
    assert is_dicom_seg(path)
    path.write_bytes(bytes(300))
    assert not is_dicom_seg(path)
    assert not is_dicom_seg(tmp_path)
