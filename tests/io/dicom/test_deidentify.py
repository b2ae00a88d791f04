"""De-identified output holds nothing of the patient: a marker in every attribute leaves no trace."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from medseg_app.core.errors import WrongUse
from medseg_app.core.volume import Volume
from medseg_app.io.dicom.deidentify import replaced_uid
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_volume
from medseg_app.io.formats import ExportOptions, export_labels
from tests.io.made_labels import labels_on
from tests.io.made_series import grids, make_series

pytestmark = pytest.mark.filterwarnings("ignore")
MARKER = "ZQXJ"
TEXT = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT", "AS"}
DEIDENTIFY = ExportOptions(deidentify=True)


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Volume:
    """A series with the marker in every text attribute of the dictionary, in sequences and private tags."""
    volume = make_series(tmp_path_factory.mktemp("marked"), grids()["axial"])
    assert volume.source is not None
    for path in volume.source.files:
        image = dcmread(path)
        _plant(image)
        image.PatientID = MARKER + "ID"
        image.PatientName = f"{MARKER}^Name"
        image.RequestAttributesSequence = Sequence([_plant(Dataset())])
        image.OtherPatientIDsSequence = Sequence([_plant(Dataset())])
        block = image.private_block(0x0099, MARKER, create=True)
        block.add_new(0x01, "LO", MARKER)
        image.preamble = MARKER.encode().ljust(128, b"\0")
        image.add_new((0x6000, 0x0022), "LO", MARKER)
        image.DataSetTrailingPadding = MARKER.encode()
        image.save_as(path, enforce_file_format=True)
    return volume


def _plant(dataset: Dataset) -> Dataset:
    for tag, (kind, _, _, retired, keyword) in DicomDictionary.items():
        needed = {"SpecificCharacterSet", "PhotometricInterpretation", "Modality"}
        if kind in TEXT and keyword and not retired and tag >> 16 > 7 and keyword not in needed:
            dataset.add_new(tag, kind, MARKER)
    return dataset


def test_no_marker_is_left(tmp_path: Path, marked: Volume) -> None:
    labels = labels_on(marked.geometry)
    plain, clean = tmp_path / "plain.seg.dcm", tmp_path / "clean.seg.dcm"
    export_labels(labels, marked, plain)
    assert MARKER.encode() in plain.read_bytes(), "the marker must be able to get through"
    written = export_labels(labels, marked, clean, DEIDENTIFY)
    assert written.verified
    assert MARKER.encode() not in clean.read_bytes()


@pytest.mark.parametrize("file", ["x.nii", "x.nii.gz", "x.nrrd", "x.seg.nrrd", "x.mha"])
def test_other_formats_carry_no_patient(tmp_path: Path, marked: Volume, file: str) -> None:
    import gzip

    export_labels(labels_on(marked.geometry), marked, tmp_path / file)
    content = (tmp_path / file).read_bytes()
    if file.endswith(".gz"):
        content = gzip.decompress(content)
    assert MARKER.encode() not in content
    assert b"MADE" not in content


def test_no_uid_and_no_date_of_the_source_is_left(tmp_path: Path) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    assert volume.source is not None
    head = dcmread(volume.source.files[0])
    export_labels(labels_on(volume.geometry), volume, tmp_path / "x.seg.dcm", DEIDENTIFY)
    content = (tmp_path / "x.seg.dcm").read_bytes()
    frame = volume.geometry.frame_of_reference_uid
    for uid in (head.StudyInstanceUID, volume.source.series_uid, frame, *volume.source.sop_instance_uids):
        assert uid.encode() not in content
    for text in (b"20200304", b"101112", b"19500102", b"ACC7", b"Refer^Ring", b"MADE"):
        assert text not in content


def test_uids_stay_consistent_between_files(tmp_path: Path) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    labels = labels_on(volume.geometry)
    for name in ("a.seg.dcm", "b.seg.dcm"):
        export_labels(labels, volume, tmp_path / name, DEIDENTIFY)
    a, b = dcmread(tmp_path / "a.seg.dcm"), dcmread(tmp_path / "b.seg.dcm")
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID", "ReferencedSeriesSequence"):
        assert a[keyword].value == b[keyword].value
    assert a.SOPInstanceUID != b.SOPInstanceUID
    assert a.PatientIdentityRemoved == "YES"
    assert a.DeidentificationMethodCodeSequence[0].CodeValue == "113100"


def test_tracking_and_reader_do_not_lead_back(tmp_path: Path) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    labels = labels_on(volume.geometry)
    named = tuple(
        replace(s, tracking_id=MARKER, provenance=replace(s.provenance, reader=MARKER, file=MARKER))
        for s in labels.segments
    )
    labels = replace(labels, segments=named)
    export_labels(labels, volume, tmp_path / "x.seg.dcm", DEIDENTIFY)
    content = (tmp_path / "x.seg.dcm").read_bytes()
    assert MARKER.encode() not in content
    assert b"2.25.123456789\0" not in content


def test_a_replaced_uid_is_a_uid() -> None:
    from pydicom.uid import UID

    first = replaced_uid("1.2.3")
    assert UID(first).is_valid
    assert len(first) <= 64
    assert first == replaced_uid("1.2.3") != replaced_uid("1.2.4")


def test_validator_finds_no_error(tmp_path: Path) -> None:
    import shutil

    from tests.data_folder import missing

    if shutil.which("dciodvfy") is None:
        missing("dciodvfy (dicom3tools)")
    volume = make_series(tmp_path / "series", grids()["oblique"])
    path = tmp_path / "x.seg.dcm"
    export_labels(labels_on(volume.geometry), volume, path, DEIDENTIFY)
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False).stderr
    assert [line for line in said.splitlines() if line.startswith("Error")] == []


NAMED = {
    "whole name": ("Lesion of Made UP", True),
    "turned about": ("up, made", True),
    "number": ("MADE-1 liver", True),
    "accession": ("x ACC7", True),
    "half of the name": ("Made lesion", False),
    "part of a word": ("Madeup liver", False),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_segment_named_after_the_patient_is_refused(tmp_path: Path, case: str) -> None:
    name, refused = NAMED[case]
    volume = make_series(tmp_path / "series", grids()["axial"])
    labels = labels_on(volume.geometry)
    first, *others = labels.segments
    labels = replace(labels, segments=(replace(first, name=name), *others))
    assert export_labels(labels, volume, tmp_path / "plain.seg.dcm").verified
    if not refused:
        assert export_labels(labels, volume, tmp_path / "x.seg.dcm", DEIDENTIFY).verified
        return
    with pytest.raises(WrongUse, match="holds the patient's name or number"):
        export_labels(labels, volume, tmp_path / "x.seg.dcm", DEIDENTIFY)
    assert not (tmp_path / "x.seg.dcm").exists()


def test_every_value_of_a_real_patient_is_gone(tmp_path: Path) -> None:
    """Text, dates and UIDs of the source, element by element; only codes of the vocabulary may be shared."""
    from tests.data_folder import data

    (info,) = scan_folder(data("dicom", "sarcoma_ct_pet_mr_rtstruct", "STS_002", "CT", "image")).volumes
    volume = load_volume(info)
    export_labels(labels_on(volume.geometry), volume, tmp_path / "x.seg.dcm", DEIDENTIFY)
    left = {str(e.value) for e in dcmread(tmp_path / "x.seg.dcm").iterall()}
    assert not any(e.tag.is_private for e in dcmread(tmp_path / "x.seg.dcm").iterall())
    kinds = {"PN", "LO", "SH", "DA", "DT", "TM", "UI", "ST", "LT", "UT"}
    for element in dcmread(info.files[0], stop_before_pixels=True).iterall():
        value = str(element.value)
        if element.keyword in {"CodeValue", "CodeMeaning", "CodingSchemeDesignator"}:
            continue
        if element.VR in kinds and len(value) > 3 and not value.startswith("1.2.840.10008"):
            assert value not in left, element.keyword
