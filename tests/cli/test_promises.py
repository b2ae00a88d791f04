"""Promises about the files: values, names, patient, case, modality, and how they are judged again."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813

import medseg_app as ms
from medseg_app.app.case_output import case_of
from medseg_app.core.errors import InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.io.case_file import write_case_file
from medseg_app.io.dicom.series_writer import write_series
from medseg_app.io.formats import read_labels
from medseg_app.io.nrrd import write_labels
from medseg_app.phantom import marker_phantom


def _segmentation(path: Path, *segments: tuple[str, int]) -> Path:
    """A .seg.nrrd on the grid of `study`; each segment but "Nothing" has a block of its own."""
    geometry = marker_phantom("oblique")[1].geometry
    voxels = np.zeros(geometry.shape, np.uint16)
    for number, (name, value) in enumerate(segments):
        if name != "Nothing":
            voxels[2 + number, 5:15, 5:15] = value
    rows = tuple(Segment(n, name, value, 0) for n, (name, value) in enumerate(segments, 1))
    write_labels(LabelMap((voxels,), geometry, rows), path)
    return path


def test_segments_count_from_one_under_names_of_their_own(medseg, study, tmp_path):
    source = _segmentation(
        tmp_path / "l.seg.nrrd", ("Tumour", 2), ("Nothing", 3), ("Tumour", 7), ("Tumour 2", 9)
    )
    ran = medseg("export", source, "--source", study, "-o", tmp_path / "O.SEG.DCM", "--json")
    assert ran.code == 0, ran.err
    found = pydicom.dcmread(tmp_path / "O.SEG.DCM").SegmentSequence
    assert [item.SegmentNumber for item in found] == [1, 2, 3]
    assert len({item.SegmentLabel for item in found}) == 3
    assert [row["segment_number"] for row in ran.document["segments"]] == [1, 2, 3]
    assert [row["value"] for row in ran.document["segments"]] == [2, 7, 9]


@pytest.mark.parametrize(("highest", "pixel"), [(255, sitk.sitkUInt8), (256, sitk.sitkUInt16)])
def test_labels_are_one_byte_until_a_value_needs_two(medseg, study, tmp_path, highest, pixel):
    source = _segmentation(tmp_path / "l.seg.nrrd", ("One", 1), ("High", highest))
    outs = [tmp_path / name for name in ("o.nii.gz", "o.nrrd", "o.mha")]
    words = [word for out in outs for word in ("-o", out)]
    assert medseg("export", source, "--source", study, *words).code == 0
    for out in outs:
        image = sitk.ReadImage(out)
        assert image.GetPixelID() == pixel
        assert np.unique(sitk.GetArrayFromImage(image)).tolist() == [0, 1, highest]


def test_only_dicom_carries_the_patient_and_not_when_deidentified(medseg, study, models, tmp_path):
    head = pydicom.dcmread(next(p for p in sorted(study.rglob("*")) if p.is_file()), stop_before_pixels=True)
    secrets = [str(head.PatientName), head.PatientID, head.StudyInstanceUID]
    assert all(secrets)
    names = ("a.nii", "a.nrrd", "a.mha", "a.json", "a.medseg", "a.seg.dcm")
    words = [word for name in names for word in ("-o", tmp_path / name)]
    ran = medseg("predict", study, "--model", "tiny-organs", "--models", models, *words, "--json")
    assert ran.code == 0, ran.err
    told = ran.out + ran.err + medseg("info", study, "--json").out + medseg("info", study).out
    assert not any(secret in told for secret in secrets)
    for name in names[:-1]:
        data = (tmp_path / name).read_bytes()
        assert not any(secret.encode() in data for secret in secrets), name
    assert pydicom.dcmread(tmp_path / "a.seg.dcm").PatientID == head.PatientID
    bare = tmp_path / "b.seg.dcm"
    assert medseg("export", tmp_path / "a.medseg", "-o", bare, "--deidentify").code == 0
    assert not any(secret.encode() in bare.read_bytes() for secret in secrets)


def test_a_json_output_is_what_json_prints(medseg, study, models, tmp_path):
    words = ["predict", study, "--model", "tiny-organs", "--models", models]
    ran = medseg(*words, "-o", tmp_path / "o.json", "-o", tmp_path / "o.nii", "--json")
    assert json.loads((tmp_path / "o.json").read_text()) == ran.document
    assert [Path(row["path"]).name for row in ran.document["outputs"]] == ["o.json", "o.nii"]
    (first, *_) = ran.document["segments"]
    assert set(first) == {
        "value", "name", "segment_number", "score", "volume_ml", "centroid_lps_mm", "box_kji",
    }  # fmt: skip


@pytest.fixture
def case(medseg, study, models, tmp_path):
    """A case beside a copy of its images."""
    shutil.copytree(study, tmp_path / "images")
    path = tmp_path / "c.medseg"
    words = ["predict", tmp_path / "images", "--model", "tiny-organs", "--models", models, "-o", path]
    assert medseg(*words).code == 0
    return path


def test_a_case_is_a_stored_zip_without_images(case):
    with zipfile.ZipFile(case) as archive:
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        assert {entry.filename for entry in archive.infolist()} == {"case.json", "labels/0", "human/0"}
        header = json.loads(archive.read("case.json"))
    assert header["schema"] == 1
    assert len(header["volume"]["sop_instance_uids"]) == 12
    assert len(header["volume"]["voxels_sha256"]) == 64
    assert header["volume"]["geometry"]["shape_kji"] == [12, 48, 64]
    assert header["source"]["relative"] == "images"
    assert Path(header["source"]["absolute"]) == case.parent / "images"
    assert {row["provenance"]["model"] for row in header["segments"]} == {"tiny-organs"}
    assert case.stat().st_size < 12 * 48 * 64


def test_a_case_of_a_newer_format_is_refused_with_what_it_needs(medseg, case):
    with zipfile.ZipFile(case) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(parts["case.json"]) | {"schema": 7}
    with zipfile.ZipFile(case, "w") as archive:
        for name, data in (parts | {"case.json": json.dumps(header).encode()}).items():
            archive.writestr(name, data)
    out = case.parent / "o.nii"
    ran = medseg("export", case, "-o", out)
    assert ran.code == 2
    assert case.name in ran.err
    assert "7" in ran.err
    assert not out.exists()


def test_a_case_knows_its_images_by_their_hash(medseg, case):
    (case.parent / "images").rename(case.parent / "moved")
    ran = medseg("export", case, "-o", case.parent / "o.nii")
    assert "--source" in ran.err
    moved, other = case.parent / "moved", case.parent / "other"
    assert medseg("export", case, "--source", moved, "-o", case.parent / "o.nii").code == 0
    volume = marker_phantom("oblique")[0]
    write_series(replace(volume, voxels=volume.voxels + np.int16(1)), other, seed=1)
    out = case.parent / "p.nii"
    ran = medseg("export", case, "--source", other, "-o", out)
    assert ran.code == 2
    assert "not those" in ran.err
    assert not out.exists()


def test_the_remedy_for_moved_images_is_one_that_the_command_has(medseg, case, models):
    (case.parent / "images").rename(case.parent / "moved")
    predict = ["--model", "tiny-organs", "--models", models, "-o", case.parent / "o.nii"]
    for command, more in (("info", []), ("predict", predict)):
        ran = medseg(command, case, *more, "--json")
        assert ran.code == 2
        assert "in place of the case" in ran.document["error"]["hint"]
        assert medseg(command, case.parent / "moved", *more).code == 0, "the remedy works"


def test_info_of_a_case_is_that_of_its_series(medseg, case):
    mine, theirs = (medseg("info", p, "--json").document for p in (case, case.parent / "images"))
    assert mine["volumes"] == theirs["volumes"]


def test_another_series_than_that_of_a_case_is_exit_2(medseg, case, models):
    words = ["predict", case, "--model", "tiny-organs", "--models", models, "-o", case.parent / "o.nii"]
    assert medseg(*words, "--series", "1.2.3").code == 2
    assert medseg(*words).code == 0
    words = ["export", case, "-o", case.parent / "p.nii", "--series"]
    assert medseg(*words, "1.2.3").code == 2
    assert not (case.parent / "p.nii").exists()
    assert medseg(*words, medseg("info", case, "--json").document["volumes"][0]["id"]).code == 0
    assert medseg("export", case.parent / "p.nii", "-o", case.parent / "q.nii", "--series", "1").code == 2


def test_a_damaged_file_of_another_series_is_no_loss(medseg, two_series, models, tmp_path):
    folder = tmp_path / "s"
    shutil.copytree(two_series, folder)
    victim = sorted((folder / "coronal").iterdir())[5]
    victim.write_bytes(victim.read_bytes()[:-2000])
    (folder / "notes.txt").write_text("no")
    grid = marker_phantom("axial")[0].geometry.direction_kji[:, ::-1].ravel()
    volumes = medseg("info", folder, "--json").document["volumes"]
    (axial,) = [v["id"] for v in volumes if np.allclose(v["direction"], grid, atol=1e-4)]
    words = ["predict", folder, "--model", "tiny-organs", "--models", models, "--series", axial]
    ran = medseg(*words, "-o", tmp_path / "o.nii")
    assert (ran.code, "left out" in ran.err) == (0, False)


def test_a_lost_slice_at_the_end_is_exit_3_and_named(medseg, study, models, tmp_path):
    folder, out = tmp_path / "s", tmp_path / "o.nii"
    shutil.copytree(study, folder)
    victim = sorted(p for p in folder.rglob("*") if p.is_file())[-1]
    victim.write_bytes(victim.read_bytes()[:-2000])
    ran = medseg("predict", folder, "--model", "tiny-organs", "--models", models, "-o", out)
    assert ran.code == 3
    assert f"left out: {victim}" in ran.err
    assert nibabel.load(out).shape == (64, 48, 11)


@pytest.mark.parametrize("kind", ["nii.gz", "seg.dcm"])
@pytest.mark.parametrize(("lost", "names"), [(-1, ["o.seg.dcm", "o.nii"]), (5, ["o.seg.dcm"])])
def test_labels_of_a_source_with_a_lost_slice_are_exit_3_and_counted(
    medseg, study, tmp_path, kind, lost, names
):
    """At the end the grid is shorter, in the middle it has a gap, which only SEG can hold."""
    voxels = np.zeros(marker_phantom("oblique")[1].geometry.shape, np.uint8)
    voxels[:, 5:15, 10:30] = 1
    source = tmp_path / f"l.{kind}"
    drawn = LabelMap((voxels,), marker_phantom("oblique")[1].geometry, (Segment(1, "All", 1, 0),))
    write_labels(drawn, tmp_path / "l.seg.nrrd")
    assert medseg("export", tmp_path / "l.seg.nrrd", "--source", study, "-o", source).code == 0
    folder = tmp_path / "s"
    shutil.copytree(study, folder)
    files = {pydicom.dcmread(p, stop_before_pixels=True).InstanceNumber: p for p in folder.rglob("*.dcm")}
    victim = files[sorted(files)[lost]]
    victim.write_bytes(victim.read_bytes()[:-2000])
    outs = [word for name in names for word in ("-o", tmp_path / name)]
    ran = medseg("export", source, "--source", folder, *outs, "--json")
    assert ran.code == 3, ran.err
    assert f"left out: {victim}" in ran.err
    assert "200 of 2400 voxels lie outside" in ran.err
    assert all(row["verified"] for row in ran.document["outputs"])
    assert pydicom.dcmread(tmp_path / "o.seg.dcm").pixel_array.sum() == 2200


def test_a_gap_of_the_source_is_told_where_a_format_cannot_hold_it(medseg, study, labels, tmp_path):
    folder = tmp_path / "s"
    shutil.copytree(study, folder)
    victim = sorted(p for p in folder.rglob("*") if p.is_file())[5]
    victim.write_bytes(victim.read_bytes()[:-2000])
    ran = medseg("export", labels, "--source", folder, "-o", tmp_path / "o.nii")
    assert ran.code == 2
    assert str(victim) in ran.err
    assert "DICOM SEG" in ran.err
    assert not (tmp_path / "o.nii").exists()


@pytest.mark.parametrize("value", [-499, 40_001])
def test_values_that_are_no_hounsfield_units_are_refused(medseg, image, models, tmp_path, value):
    source = nibabel.load(image)
    voxels = np.asarray(source.dataobj, np.float32)
    voxels = np.maximum(voxels, value) if value < 0 else np.where(voxels == voxels.max(), value, voxels)
    path, out = tmp_path / "i.nii", tmp_path / "o.nii"
    nibabel.save(nibabel.Nifti1Image(voxels, source.affine), path)
    ran = medseg("predict", path, "--model", "tiny-organs", "--models", models, "-o", out)
    assert ran.code == 2
    assert "i.nii" in ran.err
    assert not out.exists()


def test_evaluate_joins_segs_by_name_whatever_their_numbers(medseg, study, tmp_path):
    files = []
    for name, order in (("a", (("Liver", 1), ("Spleen", 2))), ("b", (("Nothing", 9), ("Liver", 2)))):
        source = _segmentation(tmp_path / f"{name}.seg.nrrd", *order)
        files.append(tmp_path / f"{name}.seg.dcm")
        assert medseg("export", source, "--source", study, "-o", files[-1]).code == 0
    document = medseg("evaluate", *files, "--json").document
    assert set(document["labels"]) == {"Liver", "Spleen"}
    assert document["labels"]["Spleen"]["hd95_mm"] is None
    assert document["labels"]["Liver"]["volume_error_ml"] == pytest.approx(0.0)
    left = medseg("evaluate", files[1], files[0], "--unknown", "2", "--json").document
    assert set(left["labels"]) == {"Liver"}


def test_evaluate_refuses_a_seg_and_a_file_without_names(medseg, study, labels, tmp_path):
    seg = tmp_path / "s.seg.dcm"
    medseg("export", _segmentation(tmp_path / "l.seg.nrrd", ("Liver", 1)), "--source", study, "-o", seg)
    ran = medseg("evaluate", seg, labels)
    assert ran.code == 2
    assert "Liver" in ran.err
    assert labels.name in ran.err


def test_evaluate_takes_a_case_by_its_values(medseg, case, study):
    out = case.parent / "o.nii"
    assert medseg("export", case, "-o", out).code == 0
    for pair in ((case, out), (out, case)):
        document = medseg("evaluate", *pair, "--json").document
        assert set(document["labels"]) <= {"2", "5"}
        assert {row["dice"] for row in document["labels"].values()} == {1.0}


def test_evaluate_of_nothing_is_null(medseg, study, tmp_path):
    empty = tmp_path / "e.nii"
    source = _segmentation(tmp_path / "l.seg.nrrd", ("Nothing", 1))
    assert medseg("export", source, "--source", study, "-o", empty).code == 0
    document = medseg("evaluate", empty, empty, "--json").document
    assert document["labels"] == {}
    assert set(document["mean"].values()) == {None}
    assert document["findings"]["recall"] is None


def test_replay_of_what_is_no_journal_is_exit_2(medseg, tmp_path):
    (tmp_path / "x.journal").write_text("no")
    for path in (tmp_path / "x.journal", tmp_path / "nowhere.journal"):
        ran = medseg("replay", path, "-o", tmp_path / "o.nii")
        assert ran.code == 2
        assert path.name in ran.err
    assert not (tmp_path / "o.nii").exists()


def test_a_segment_that_no_voxel_of_the_source_can_hold_is_exit_3_and_named(medseg, image, tmp_path):
    """The words "left out" in a name alone are no loss."""
    source = nibabel.load(image)
    half = source.affine @ np.diag([0.5, 0.5, 0.5, 1.0])
    half[:3, 3] = (source.affine @ [-0.25, -0.25, -0.25, 1.0])[:3]
    fine = np.zeros([2 * n for n in source.shape], np.uint8)
    fine[10:20, 10:20, 4:8] = 1
    path, out = tmp_path / "left out.nii.gz", tmp_path / "o.nii.gz"
    nibabel.save(nibabel.Nifti1Image(fine, half), path)
    assert medseg("export", path, "--source", image, "-o", out).code == 0
    fine[30, 30, 10] = 2
    nibabel.save(nibabel.Nifti1Image(fine, half), path)
    ran = medseg("export", path, "--source", image, "-o", out, "--json")
    assert [row["value"] for row in ran.document["segments"]] == [1]
    assert (ran.code, "left out: left out.nii.gz: Label 2" in ran.err) == (3, True)


def test_the_images_of_a_case_are_not_replaced(medseg, image, models, tmp_path):
    own, case = tmp_path / "ct.nii.gz", tmp_path / "c.medseg"
    shutil.copy(image, own)
    before = own.read_bytes()
    words = ["--model", "tiny-organs", "--models", models]
    assert medseg("predict", own, *words, "-o", case).code == 0
    for command in (["export", case], ["predict", case, *words]):
        ran = medseg(*command, "-o", own)
        assert (ran.code, "ct.nii.gz holds the images" in ran.err) == (2, True)
        assert own.read_bytes() == before


def test_python_names_the_series_of_a_source_as_the_command_does(medseg, two_series, tmp_path):
    """Without a name it is the one on whose grid the labels lie; the other one does not meet them."""
    write_labels(marker_phantom("coronal")[1], tmp_path / "l.nrrd")
    out = tmp_path / "o.nii"
    ids = [volume["id"] for volume in medseg("info", two_series, "--json").document["volumes"]]
    own = ms.export_files(tmp_path / "l.nrrd", [out], source=two_series).volume.id
    assert ms.export_files(tmp_path / "l.nrrd", [out], source=two_series, series=own).volume.id == own
    (other,) = {*ids} - {own}
    with pytest.raises(InputError, match="wholly outside"):
        ms.export_files(tmp_path / "l.nrrd", [out], source=two_series, series=other)


@pytest.mark.parametrize("kind", ["seg.nrrd", "medseg"])
def test_a_value_that_two_layers_use_is_told_as_it_stands_in_the_files(medseg, study, tmp_path, kind):
    """Of a case the window keeps overlapping segments in arrays that each count from 1."""
    geometry = marker_phantom("oblique")[0].geometry
    layers = np.zeros((2, *geometry.shape), np.uint8)
    layers[0, 2:5, 5:15, 5:15], layers[1, 3:6, 20:30, 10:20] = 1, 1
    rows = (Segment(1, "Liver", 1, 0), Segment(2, "Lesion", 1, 1))
    source = tmp_path / "l.seg.nrrd"
    write_labels(LabelMap(tuple(layers), geometry, rows), source)
    words = ["export", source, "--source", study]
    if kind == "medseg":
        volume = ms.load(study)
        own = LabelMap(tuple(layers), volume.geometry, rows)
        source = tmp_path / "c.medseg"
        write_case_file(source, case_of(own, volume))
        words = ["export", source]
    ran = medseg(*words, "-o", tmp_path / "o.nii", "-o", tmp_path / "o.seg.nrrd", "--json")
    assert ran.code == 0, ran.err
    assert "Lesion has the value 2" in ran.err
    told = {row["name"]: row["value"] for row in ran.document["segments"]}
    assert told == {"Liver": 1, "Lesion": 2}
    found = sitk.GetArrayFromImage(sitk.ReadImage(tmp_path / "o.nii"))
    assert np.array_equal(found, layers[0] + 2 * layers[1])
    assert {one.name: one.value for one in read_labels(tmp_path / "o.seg.nrrd").segments} == told
