"""Which slice is shown, what part of it, and which way up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medseg_app.app.evaluate_folders import ComparedCase, evaluate_folders
from medseg_app.app.report.case_image import find_case_image, read_case_image
from medseg_app.app.report.worst_slice import worst_slice
from medseg_app.app.unknown_by_case import UnknownClasses
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import ABNORMAL, ANATOMY, Segment
from medseg_app.io.nrrd import write_labels
from medseg_app.metrics.evaluate_files import Yardstick
from tests.app.label_files import write, write_image

SHAPE = (5, 200, 240)


def case_of(
    folder: Path, mine: np.ndarray, theirs: np.ndarray, affine=None, unknown: tuple[int, ...] = ()
) -> ComparedCase:
    for name, voxels in (("p", mine), ("t", theirs)):
        geometry = VolumeGeometry.regular(voxels.shape, np.eye(4) if affine is None else affine)
        segments = tuple(Segment(int(v), f"Label {v}", int(v)) for v in np.unique(voxels[voxels > 0]))
        (folder / name).mkdir()
        write_labels(LabelMap((voxels,), geometry, segments), folder / name / "a.nrrd")
    (case,) = evaluate_folders(folder / "p", folder / "t", UnknownClasses(unknown), Yardstick()).cases
    return case


def voxels(*blocks: tuple[int, slice, slice, int], shape=SHAPE) -> np.ndarray:
    array = np.zeros(shape, np.uint8)
    for k, rows, columns, value in blocks:
        array[k, rows, columns] = value
    return array


A, B = slice(100, 110), slice(120, 140)


def test_the_slice_in_which_most_voxels_differ_is_shown(tmp_path):
    truth = voxels((1, A, B, 1), (3, A, B, 1))
    found, remark = worst_slice(case_of(tmp_path, voxels((1, A, slice(120, 139), 1)), truth), None)
    assert (found.number, found.slices, found.wrong, remark) == (4, 5, 200, "")
    assert found.predictions == ()
    assert [int(mask.sum()) for mask in found.truths] == [200]
    assert found.image is None


def test_the_cut_out_keeps_a_margin_and_is_never_tiny(tmp_path):
    found, _ = worst_slice(case_of(tmp_path, voxels((1, A, B, 1)), voxels((1, A, B, 2))), None)
    assert found.truths[0].shape == found.predictions[0].shape == (80, 80)
    rows, columns = np.nonzero(found.truths[0])
    assert (rows.min(), columns.min()) == (35, 30)


def test_a_class_taken_for_another_is_an_error(tmp_path):
    found, _ = worst_slice(case_of(tmp_path, voxels((2, A, B, 1)), voxels((2, A, B, 2))), None)
    assert (found.number, found.wrong) == (3, 200)


@pytest.mark.parametrize(("kind", "wrong"), [("instance", 20), ("semantic", 200)])
def test_findings_are_compared_whatever_their_numbers(tmp_path, kind, wrong):
    """Files of findings number them by score, so another number of the same finding is no error."""
    category = ABNORMAL if kind == "instance" else ANATOMY
    for name, value, columns in (("p", 1, B), ("t", 2, slice(120, 142))):
        layer = voxels((2, A, columns, value))
        segments = (Segment(1, "x", value, category=category, kind=kind),)
        (tmp_path / name).mkdir()
        write_labels(
            LabelMap((layer,), VolumeGeometry.regular(SHAPE, np.eye(4)), segments),
            tmp_path / name / "a.seg.nrrd",
        )
    folders, yardstick = (tmp_path / "p", tmp_path / "t"), Yardstick(findings="known")
    (case,) = evaluate_folders(*folders, UnknownClasses(), yardstick).cases
    found, _ = worst_slice(case, None)
    assert found.wrong == wrong + (20 if kind == "semantic" else 0)


def test_unknown_classes_are_neither_errors_nor_drawn(tmp_path):
    mine = voxels((1, A, slice(120, 125), 1), (3, A, B, 2))
    found, _ = worst_slice(case_of(tmp_path, mine, voxels((1, A, B, 1)), unknown=(2,)), None)
    assert found.number == 2
    assert [int(mask.sum()) for mask in found.predictions] == [50]


def test_equal_labels_have_no_worst_slice(tmp_path):
    assert worst_slice(case_of(tmp_path, voxels((1, A, B, 1)), voxels((1, A, B, 1))), None) == (None, "")


@pytest.mark.parametrize("flip_j", [False, True])
@pytest.mark.parametrize("flip_i", [False, True])
def test_it_is_turned_as_radiologists_look_at_it(tmp_path, flip_j, flip_i):
    """However the file lies: the patient's left on the right of the picture, the back below."""
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2] = 3.0, -1.0 if flip_j else 1.0, -1.0 if flip_i else 1.0
    affine[3, 3] = 1.0
    left_behind = np.zeros((2, 20, 30), np.uint8)
    left_behind[1, 12:18, 20:28] = 1
    array = left_behind[:, :: -1 if flip_j else 1, :: -1 if flip_i else 1]
    found, _ = worst_slice(case_of(tmp_path, np.zeros_like(array), np.ascontiguousarray(array), affine), None)
    assert np.array_equal(found.truths[0], left_behind[1] > 0)


def test_the_head_is_above_in_coronal_slices(tmp_path):
    affine = np.zeros((4, 4))
    affine[1, 0], affine[2, 1], affine[0, 2], affine[3, 3] = 3.0, 1.0, 1.0, 1.0
    array = np.zeros((2, 20, 30), np.uint8)
    array[1, 12:18, 20:28] = 1
    found, _ = worst_slice(case_of(tmp_path, np.zeros_like(array), array, affine), None)
    assert np.array_equal(found.truths[0], array[1, ::-1] > 0)


def labelled_case(tmp_path) -> ComparedCase:
    write(tmp_path / "p" / "a.nii.gz", {1: (0, 8)})
    write(tmp_path / "t" / "a.nii.gz", {1: (0, 12)})
    return evaluate_folders(tmp_path / "p", tmp_path / "t", UnknownClasses(), Yardstick()).cases[0]


def test_the_image_lies_below_in_its_window(tmp_path):
    case = labelled_case(tmp_path)
    image = np.full((6, 20, 24), -1000, np.int16)
    image[:, 10:] = 3000
    image[1] = 40
    write_image(tmp_path / "i" / "a_0000.nii.gz", image)
    found, remark = worst_slice(case, tmp_path / "i")
    assert (found.number, remark) == (2, "")
    # A CT in the soft tissue window (centre 40): the middle grey, not what percentiles would make of it.
    assert set(np.unique(found.image)) == {127}
    assert found.image.shape == found.truths[0].shape


@pytest.mark.parametrize("fault", ["cuts off labels", "half a voxel away"])
def test_an_image_on_another_grid_is_not_shown(tmp_path, fault):
    case = labelled_case(tmp_path)
    shape = (6, 20, 10) if fault == "cuts off labels" else (6, 20, 24)
    path = write_image(tmp_path / "i" / "a.nii.gz", np.zeros(shape, np.int16))
    if fault == "half a voxel away":
        shift(path, 1.5)
    found, remark = worst_slice(case, tmp_path / "i")
    assert found.image is None
    assert "another grid" in remark


def test_a_larger_image_around_the_labels_is_shown_in_place(tmp_path):
    """A SEG holds only slices with voxels; here the image has two slices more below."""
    case = labelled_case(tmp_path)
    image = np.zeros((8, 20, 24), np.int16)
    image[3] = 100
    path = write_image(tmp_path / "i" / "a.nii.gz", image)
    shift(path, -6.0)
    found, remark = worst_slice(case, tmp_path / "i")
    assert (found.number, found.slices, remark) == (4, 8, "")
    assert set(np.unique(found.image)) == {255}


def shift(path: Path, along_z_mm: float) -> None:
    import nibabel

    image = nibabel.load(path)
    affine = image.affine.copy()
    affine[2, 3] += along_z_mm
    nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj), affine), path)


@pytest.mark.parametrize("damaged", [False, True])
def test_an_image_that_is_missing_or_damaged_is_told(tmp_path, damaged):
    case = labelled_case(tmp_path)
    (tmp_path / "i").mkdir()
    if damaged:
        (tmp_path / "i" / "a.nii.gz").write_bytes(b"nothing")
    found, remark = worst_slice(case, tmp_path / "i")
    assert found.image is None
    assert remark.startswith("a: ")


def test_images_are_found_by_name_before_nnunets_first_channel(tmp_path):
    for name in ("a_0000.nii.gz", "a_0001.nii.gz", "ab.nii.gz", "b.mha", "b.txt"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "c").mkdir()
    found = {name: find_case_image(tmp_path, name) for name in ("a", "b", "c", "d")}
    assert {name: path and path.name for name, path in found.items()} == {
        "a": "a_0000.nii.gz", "b": "b.mha", "c": "c", "d": None,
    }  # fmt: skip
    (tmp_path / "a.nrrd").write_bytes(b"")
    assert find_case_image(tmp_path, "a").name == "a.nrrd"


def test_a_file_without_air_is_no_ct(tmp_path):
    path = write_image(tmp_path / "i" / "a.nii.gz", np.zeros((6, 20, 24), np.int16))
    assert read_case_image(path).modality == ""
