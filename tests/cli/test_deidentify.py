"""`export --deidentify`: no output, whatever its format, leads back to the patient or the images."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest

from medseg_app.app.case_output import case_of
from medseg_app.core.box import Box
from medseg_app.core.case import Ruler
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.segment import Provenance, Segment
from medseg_app.io.case_file import read_case_file, write_case_file
from medseg_app.io.dicom.deidentify import replaced_uid
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_volume

NAMES = ("o.nii.gz", "o.nrrd", "o.seg.nrrd", "o.mha", "o.json", "o.medseg", "o.seg.dcm")
READER = "Dr Reader"


def _case(folder: Path, study: Path, name: str = "Lesion") -> Path:
    """A case that a named reader worked on, with a measurement and tracking identifiers."""
    volume = load_volume(scan_folder(study).volumes[0])
    case = case_of(_no_labels(volume), volume)
    made = Provenance(reader=READER, file="/house/Doe/labels.nii")
    case.writer.begin("Brush")
    segment = Segment(1, name, 1, tracking_id="house-7", tracking_uid="1.2.826.77", provenance=made)
    case.writer.put_segment(segment)
    case.writer.write(LabelPatch(1, Box((1, 2, 3), (5, 6, 7)), np.ones((4, 4, 4), bool)))
    case.writer.commit()
    case.rulers.append(Ruler((0.0, 0.0, 0.0), (1.0, 2.0, 3.0)))
    write_case_file(folder / "c.medseg", case)
    return folder / "c.medseg"


def _no_labels(volume):
    from medseg_app.core.label_map import LabelMap

    return LabelMap((np.zeros(volume.geometry.shape, np.uint8),), volume.geometry, ())


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def test_no_output_leads_back(medseg, study, tmp_path):
    case = _case(tmp_path, study)
    out = tmp_path / "given"
    out.mkdir()
    words = [word for name in NAMES for word in ("-o", out / name)]
    ran = medseg("export", case, "--deidentify", *words)
    assert ran.code == 0, ran.err
    head = pydicom.dcmread(next(p for p in sorted(study.rglob("*")) if p.is_file()), stop_before_pixels=True)
    secrets = [
        str(head.PatientName), head.PatientID, head.StudyInstanceUID, head.SeriesInstanceUID,
        head.FrameOfReferenceUID, head.SOPInstanceUID, READER, "/house", "house-7", "1.2.826.77",
        str(study), study.name, str(out), read_case_file(case).id,
    ]  # fmt: skip
    for name in NAMES:
        content = _content(out / name)
        assert [secret for secret in secrets if secret and secret.encode() in content] == [], name
    assert {p.name for p in out.iterdir()} == set(NAMES)


def test_the_same_volume_has_the_same_new_name_everywhere(medseg, study, tmp_path):
    case = _case(tmp_path, study)
    words = [word for name in ("o.json", "o.medseg", "o.seg.dcm") for word in ("-o", tmp_path / name)]
    assert medseg("export", case, "--deidentify", *words).code == 0
    seg = pydicom.dcmread(tmp_path / "o.seg.dcm")
    series = seg.ReferencedSeriesSequence[0].SeriesInstanceUID
    document = json.loads((tmp_path / "o.json").read_text())
    assert document["volume"] == series == read_case_file(tmp_path / "o.medseg").volume_id
    assert [row["path"] for row in document["outputs"]] == ["o.json", "o.medseg", "o.seg.dcm"]
    with zipfile.ZipFile(tmp_path / "o.medseg") as archive:
        header = json.loads(archive.read("case.json"))
    assert header["volume"]["geometry"]["frame_of_reference_uid"] == seg.FrameOfReferenceUID
    assert header["source"] == {"kind": "dicom", "absolute": "", "relative": ""}
    (tracked,) = seg.SegmentSequence
    assert tracked.TrackingUID == header["segments"][0]["tracking_uid"] == replaced_uid("1.2.826.77")


def test_such_a_case_finds_its_images_by_their_hash(medseg, study, two_series, tmp_path):
    case, bare, out = _case(tmp_path, study), tmp_path / "b.medseg", tmp_path / "o.nii"
    assert medseg("export", case, "--deidentify", "-o", bare).code == 0
    ran = medseg("export", bare, "-o", out)
    assert ran.code == 2
    assert "de-identified" in ran.err
    assert "--source" in ran.err
    assert medseg("export", bare, "--source", two_series, "-o", out).code == 2
    assert not out.exists()
    assert medseg("export", bare, "--source", study, "-o", out).code == 0


@pytest.mark.parametrize("name", ["o.medseg", "o.json", "o.nrrd", "o.seg.dcm"])
def test_a_segment_named_after_the_patient_is_refused(medseg, study, tmp_path, name):
    head = pydicom.dcmread(next(p for p in sorted(study.rglob("*")) if p.is_file()), stop_before_pixels=True)
    case = _case(tmp_path, study, f"Lesion of {head.PatientID}")
    assert medseg("export", case, "-o", tmp_path / f"plain-{name}").code == 0
    ran = medseg("export", case, "--deidentify", "-o", tmp_path / name)
    assert ran.code == 2
    assert "Rename" in ran.err
    assert not (tmp_path / name).exists()


def test_a_format_without_names_may_go(medseg, study, tmp_path):
    head = pydicom.dcmread(next(p for p in sorted(study.rglob("*")) if p.is_file()), stop_before_pixels=True)
    case = _case(tmp_path, study, f"Lesion of {head.PatientID}")
    assert medseg("export", case, "--deidentify", "-o", tmp_path / "o.nii").code == 0


@pytest.mark.parametrize("words", [[], ["--deidentify"]])
def test_a_case_made_from_a_case_keeps_what_readers_decided(medseg, study, tmp_path, words):
    case, copy = _case(tmp_path, study), tmp_path / "copy.medseg"
    assert medseg("export", case, "-o", copy, *words).code == 0
    before, after = read_case_file(case), read_case_file(copy)
    assert before.segmentation.human().any()
    np.testing.assert_array_equal(before.segmentation.human(), after.segmentation.human())
    np.testing.assert_array_equal(before.segmentation.labels(), after.segmentation.labels())
    assert before.rulers == after.rulers
    assert (before.id == after.id) == (not words)


def test_a_file_name_is_no_way_back_either(medseg, labels, tmp_path):
    source = tmp_path / "Doe_John#2.nii.gz"
    source.write_bytes(labels.read_bytes())
    assert medseg("export", source, "--deidentify", "-o", tmp_path / "o.json").code == 0
    assert "Doe" not in (tmp_path / "o.json").read_text()
