"""The table of formats: suffixes, refusals before any work, and files that are not what they claim."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from medseg_app.core.errors import InputError, WrongUse
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.volume import Volume, VolumeSource
from medseg_app.io.formats import (
    ExportOptions,
    export_labels,
    format_of,
    import_labels,
    read_image,
    read_labels,
)

from .made_labels import labels_on, overlapping_labels_on
from .made_series import grids, make_series

AFFINE = np.array([[-1.5, 0, 0, 10], [0, 0.7, 0, -20], [0, 0, 2.5, 30], [0, 0, 0, 1.0]])


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("a.seg.dcm", "DICOM SEG"),
        ("A.SEG.DCM", "DICOM SEG"),
        ("a.b.nii", "NIfTI"),
        ("a.Nii.Gz", "NIfTI"),
        ("a.nrrd", "NRRD"),
        ("a.seg.nrrd", "NRRD segmentation"),
        ("a.mha", "MetaImage"),
        ("a.json", "JSON"),
        ("a.medseg", "MedSeg case"),
    ],
)
def test_the_longest_suffix_decides_in_any_case(name: str, format_name: str) -> None:
    assert format_of(Path(name)).name == format_name


@pytest.mark.parametrize("name", ["a.dcm", "a.gz", "a", "a.nii.zip", "nii"])
def test_an_unknown_suffix_is_refused(name: str) -> None:
    with pytest.raises(WrongUse, match="names no format"):
        format_of(Path(name))


def test_refusals_come_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    labels = overlapping_labels_on(volume.geometry)
    monkeypatch.setattr("medseg_app.io.nifti.write_labels", lambda *_: pytest.fail("work was done"))
    for name in ("x.nii.gz", "x.foo"):
        with pytest.raises(WrongUse):
            export_labels(labels, volume, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["series"]


@pytest.mark.parametrize("name", ["x.nii.gz", "x.nrrd", "x.mha"])
def test_overlap_needs_a_decision(tmp_path: Path, name: str) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    labels = overlapping_labels_on(volume.geometry)
    with pytest.raises(WrongUse, match="Liver and Tumour 1 in 6 voxels"):
        export_labels(labels, volume, tmp_path / name)
    first = export_labels(labels, volume, tmp_path / name, ExportOptions(overlap="first"))
    assert dict(first.lost) == {"Tumour 1": 6}
    last = export_labels(labels, volume, tmp_path / name, ExportOptions(overlap="last"))
    assert dict(last.lost) == {"Liver": 6}
    assert (last.verified, last.reader) == (True, "SimpleITK")


def test_segmentation_nrrd_holds_overlap_names_and_colours(tmp_path: Path) -> None:
    volume = make_series(tmp_path / "series", grids()["oblique"])
    labels = overlapping_labels_on(volume.geometry)
    written = export_labels(labels, volume, tmp_path / "x.seg.nrrd")
    assert (written.verified, dict(written.lost)) == (True, {})
    back = import_labels(tmp_path / "x.seg.nrrd", volume)
    for before, after in zip(labels.segments, back.segments, strict=True):
        np.testing.assert_array_equal(labels.mask(before), back.mask(after))
        assert (before.name, before.type, before.category) == (after.name, after.type, after.category)
        assert (before.modifiers, before.region) == (after.modifiers, after.region)
        assert np.abs(np.subtract(before.colour, after.colour)).max() <= 1


def test_plain_nrrd_keeps_names_for_slicer(tmp_path: Path) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    export_labels(labels_on(volume.geometry), volume, tmp_path / "x.nrrd")
    header = sitk.ReadImage(str(tmp_path / "x.nrrd"))
    assert header.GetMetaData("Segment1_Name") == "Right kidney"
    assert header.GetMetaData("Segment1_LabelValue") == "3"
    assert [s.name for s in read_labels(tmp_path / "x.nrrd").segments] == [
        "Liver",
        "Right kidney",
        "Tumour 1",
    ]


@pytest.mark.parametrize("make", [labels_on, overlapping_labels_on])
def test_names_in_any_script_go_into_an_nrrd_and_back(tmp_path: Path, make: Any) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    labels = make(volume.geometry)
    names = ["Läsion", "腫瘍 2", "Опухоль"]
    named = tuple(replace(one, name=name) for one, name in zip(labels.segments, names, strict=True))
    path = tmp_path / "x.seg.nrrd"
    export_labels(replace(labels, segments=named), volume, path)
    header = sitk.ReadImage(str(path))
    assert [header.GetMetaData(f"Segment{n}_Name") for n in range(3)] == names
    assert [segment.name for segment in read_labels(path).segments] == names


@pytest.mark.parametrize("name", ["x.nii.gz", "x.nrrd", "x.mha", "x.seg.nrrd"])
def test_nothing_found_is_a_file_of_zeros(tmp_path: Path, name: str) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    nothing = LabelMap((np.zeros(volume.geometry.shape, np.uint8),), volume.geometry, ())
    assert export_labels(nothing, volume, tmp_path / name).verified
    assert not sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / name))).any()


def _nifti(path: Path, array: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    image = nibabel.Nifti1Image(array, affine)
    image.set_qform(affine, 1)
    image.set_sform(affine, 1)
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize(
    "affine", [AFFINE, np.diag([1, 2, 3, 1.0]), AFFINE[[1, 0, 2, 3]], AFFINE[[2, 0, 1, 3]]]
)
def test_a_nifti_source_gets_back_its_own_shape_and_affine(tmp_path: Path, affine: np.ndarray) -> None:
    array = np.random.default_rng(0).integers(-1000, 1000, (5, 6, 7)).astype(np.int16)
    volume = read_image(_nifti(tmp_path / "image.nii.gz", array, affine))
    np.testing.assert_array_equal(volume.voxels, array.transpose())
    labels = labels_on_small(volume.geometry)
    export_labels(labels, volume, tmp_path / "mask.nii.gz")
    mask = nibabel.load(tmp_path / "mask.nii.gz")
    assert mask.shape == (5, 6, 7)
    np.testing.assert_allclose(mask.affine, affine, atol=1e-6)
    np.testing.assert_allclose(mask.get_qform(), affine, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(mask.dataobj).transpose(), labels.layers[0])


def labels_on_small(geometry: VolumeGeometry) -> LabelMap:
    from medseg_app.core.segment import Segment

    layer = np.zeros(geometry.shape, np.uint8)
    layer[1, 2:4, 1], layer[0, 0, 0] = 1, 2
    return LabelMap((layer,), geometry, (Segment(1, "a", 1), Segment(2, "b", 2)))


def test_slope_and_intercept_are_applied(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.full((3, 4, 5), 7, np.int16), AFFINE)
    image.header.set_slope_inter(2.0, -1024.0)
    nibabel.save(image, tmp_path / "x.nii")
    assert read_image(tmp_path / "x.nii").voxels.max() == -1010.0


def test_images_of_every_format_lie_in_the_same_place(tmp_path: Path) -> None:
    array = np.random.default_rng(1).normal(size=(4, 5, 6)).astype(np.float32)
    first = _nifti(tmp_path / "x.nii.gz", array)
    image = sitk.ReadImage(str(first))
    for name in ("x.nrrd", "x.mha", "x.nii"):
        sitk.WriteImage(image, str(tmp_path / name))
    expected = read_image(first)
    for name in ("x.nrrd", "x.mha", "x.nii"):
        volume = read_image(tmp_path / name)
        assert volume.geometry.same_grid(expected.geometry)
        np.testing.assert_array_equal(volume.voxels, expected.voxels)


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.zeros((3, 4, 5, 2), np.int16), "4 dimensions"),
        (np.full((3, 4, 5), np.nan, np.float32), "not numbers"),
        (np.zeros((3, 4, 5), [("R", "u1"), ("G", "u1"), ("B", "u1")]), "colour"),
        (np.zeros((3, 4), np.int16), "not a volume"),
    ],
)
def test_images_that_are_no_volume_say_why(tmp_path: Path, array: np.ndarray, word: str) -> None:
    with pytest.raises(InputError, match=word) as caught:
        read_image(_nifti(tmp_path / "odd.nii.gz", array))
    assert "odd.nii.gz" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("values", [0.5, -1, 70000])
def test_an_image_is_no_label_map(tmp_path: Path, values: float) -> None:
    with pytest.raises(InputError, match="no label map"):
        read_labels(_nifti(tmp_path / "x.nii.gz", np.full((3, 4, 5), values, np.float32)))


def test_qform_and_sform_that_disagree_are_refused(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.ones((3, 4, 5), np.uint8), AFFINE)
    image.set_sform(AFFINE, 1)
    other = AFFINE.copy()
    other[0, 3] += 3
    image.set_qform(other, 1)
    nibabel.save(image, tmp_path / "x.nii.gz")
    with pytest.raises(InputError, match=r"3\.0 mm apart"):
        read_labels(tmp_path / "x.nii.gz")


@pytest.mark.parametrize(
    "name", ["x.nii.gz", "x.nii", "x.nrrd", "x.seg.nrrd", "x.mha", "x.seg.dcm", "x.txt", "x"]
)
@pytest.mark.parametrize("content", [b"", b"hello", bytes(range(256)) * 8, gzip.compress(b"hello", mtime=0)])
def test_files_that_are_not_what_they_claim(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for read in (read_image, read_labels):
        with pytest.raises(InputError) as caught:
            read(path)
        assert name in caught.value.message


@pytest.mark.parametrize("name", ["x.nii.gz", "x.nii", "x.nrrd", "x.seg.nrrd", "x.mha"])
def test_truncated_files_are_named(tmp_path: Path, name: str) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    export_labels(labels_on(volume.geometry), volume, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    for share in (0.1, 0.5, 0.95):
        (tmp_path / name).write_bytes(content[: int(len(content) * share)])
        with pytest.raises(InputError) as caught:
            read_labels(tmp_path / name)
        assert name in caught.value.message


def test_labels_of_another_grid_are_not_written(tmp_path: Path) -> None:
    volume = Volume(
        np.zeros((4, 5, 6), np.int16),
        VolumeGeometry.regular((4, 5, 6), np.eye(4)),
        "x",
        source=VolumeSource("file", tmp_path),
    )
    moved = VolumeGeometry.regular((4, 5, 6), np.diag([1, 1, 2.0, 1]))
    labels = replace(labels_on_small(moved))
    with pytest.raises(WrongUse, match="grid"):
        export_labels(labels, volume, tmp_path / "x.nii.gz")


@pytest.mark.parametrize("name", ["x.nii.gz", "x.nrrd", "x.seg.nrrd", "x.mha", "x.seg.dcm"])
def test_only_the_chosen_segments_are_written(tmp_path: Path, name: str) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    labels = overlapping_labels_on(volume.geometry)
    chosen = replace(labels, segments=labels.segments[1:2])
    assert export_labels(chosen, volume, tmp_path / name).verified
    back = import_labels(tmp_path / name, volume)
    [segment] = back.segments
    np.testing.assert_array_equal(back.mask(segment), labels.mask(labels.segments[1]))


@pytest.mark.parametrize(("unit", "per_mm"), [("micron", 1000.0), ("meter", 0.001)])
def test_a_nifti_that_counts_in_another_unit_lies_where_simpleitk_places_it(
    tmp_path: Path, unit: str, per_mm: float
) -> None:
    array = np.zeros((4, 5, 6), np.uint8)
    array[1, 2, 3] = 1
    image = nibabel.Nifti1Image(array, np.diag([per_mm] * 3 + [1.0]) @ AFFINE)
    image.set_qform(image.affine, 1)
    image.header.set_xyzt_units(unit)
    nibabel.save(image, tmp_path / "x.nii")
    theirs = sitk.ReadImage(str(tmp_path / "x.nii"))
    for mine in (read_labels(tmp_path / "x.nii").geometry, read_image(tmp_path / "x.nii").geometry):
        expected = theirs.TransformIndexToPhysicalPoint((1, 2, 3))
        np.testing.assert_allclose(mine.to_patient(np.array([3, 2, 1])), expected, atol=1e-4)


def test_images_are_never_replaced_by_their_labels(tmp_path: Path) -> None:
    path = _nifti(tmp_path / "ct.nii.gz", np.ones((4, 5, 6), np.int16))
    (tmp_path / "link.nii.gz").symlink_to(path)
    before, volume = path.read_bytes(), read_image(path)
    labels = LabelMap((np.zeros((6, 5, 4), np.uint8),), volume.geometry, ())
    for name in ("ct.nii.gz", "link.nii.gz"):
        with pytest.raises(WrongUse, match=f"{name} holds the images"):
            export_labels(labels, volume, tmp_path / name)
    assert path.read_bytes() == before
    assert export_labels(labels, volume, tmp_path / "labels.nii.gz").verified
