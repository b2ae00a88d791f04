"""What a SEG of ours says besides its voxels."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from medseg_app.core.errors import InputError, WrongUse
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Provenance, Segment
from medseg_app.core.volume import Volume
from medseg_app.io.formats import ExportOptions, export_labels, import_labels, read_labels
from tests.data_folder import missing
from tests.io.made_labels import labels_on, overlapping_labels_on
from tests.io.made_series import grids, make_series

GRIDS = grids()


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return make_series(tmp_path / "series", GRIDS["oblique"])


def _written(volume: Volume, labels: LabelMap, path: Path) -> Dataset:
    assert export_labels(labels, volume, path).verified
    return dcmread(path)


def test_segments_are_described_in_codes(volume: Volume, tmp_path: Path) -> None:
    seg = _written(volume, labels_on(volume.geometry), tmp_path / "x.seg.dcm")
    assert [item.SegmentNumber for item in seg.SegmentSequence] == [1, 2, 3]
    assert [item.SegmentLabel for item in seg.SegmentSequence] == ["Liver", "Right kidney", "Tumour 1"]
    liver, kidney, tumour = seg.SegmentSequence
    assert liver.SegmentedPropertyTypeCodeSequence[0].CodeValue == "10200004"
    assert liver.SegmentAlgorithmType == "AUTOMATIC"
    algorithm = liver.SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("demo-organs", "1.0")
    modifier = kidney.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence[0]
    assert (modifier.CodeValue, kidney.SegmentAlgorithmType) == ("24028007", "MANUAL")
    assert tumour.SegmentAlgorithmType == "SEMIAUTOMATIC"
    assert (tumour.TrackingID, tumour.TrackingUID) == ("lesion-1", "2.25.123456789")
    assert tumour.AnatomicRegionSequence[0].CodeMeaning == "Liver"
    assert tumour.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "49755003"


def test_patient_and_study_are_the_source_s(volume: Volume, tmp_path: Path) -> None:
    seg = _written(volume, labels_on(volume.geometry), tmp_path / "x.seg.dcm")
    assert volume.source is not None
    head = dcmread(volume.source.files[0])
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "StudyInstanceUID", "StudyDate",
                    "AccessionNumber", "FrameOfReferenceUID"):  # fmt: skip
        assert seg[keyword].value == head[keyword].value
    [series] = seg.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == volume.source.series_uid
    named = [item.ReferencedSOPInstanceUID for item in series.ReferencedInstanceSequence]
    assert named == list(volume.source.sop_instance_uids)


def test_what_was_written_comes_back_in_words(volume: Volume, tmp_path: Path) -> None:
    labels = labels_on(volume.geometry)
    export_labels(labels, volume, tmp_path / "x.seg.dcm")
    for before, after in zip(labels.segments, read_labels(tmp_path / "x.seg.dcm").segments, strict=True):
        assert before.name == after.name
        assert (before.category, before.type) == (after.category, after.type)
        assert (before.modifiers, before.region) == (after.modifiers, after.region)
        assert before.provenance.algorithm_type == after.provenance.algorithm_type
        made_by = [(p.model, p.model_version, p.model_sha256) for p in (before.provenance, after.provenance)]
        assert made_by[0] == made_by[1]
        assert np.abs(np.subtract(before.colour, after.colour)).max() <= 2


def test_names_and_versions_of_many_models_that_ran_as_one_stay_whole(volume: Volume, tmp_path: Path) -> None:
    """Name and version have 64 letters in DICOM: of five models the last ones were lost."""
    labels = labels_on(volume.geometry)
    names = "+".join(f"model-of-tumours-{n}" for n in range(5))
    versions = "+".join(f"{n}.0, made=here" for n in range(6))
    made_by = replace(labels.segments[0].provenance, model=names, model_version=versions)
    segments = (replace(labels.segments[0], provenance=made_by), *labels.segments[1:])
    path = tmp_path / "x.seg.dcm"
    export_labels(replace(labels, segments=segments), volume, path)
    algorithm = dcmread(path).SegmentSequence[0].SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == (names[:64], versions[:64])
    assert f"model={names}" in str(algorithm.AlgorithmParameters)
    found = read_labels(path).segments[0].provenance
    assert (found.model, found.model_version, found.model_sha256) == (names, versions, "ab" * 32)


def test_empty_segments_are_left_out_and_numbers_stay_consecutive(volume: Volume, tmp_path: Path) -> None:
    labels = labels_on(volume.geometry)
    layer = np.where(labels.layers[0] == 1, 0, labels.layers[0])
    written = export_labels(replace(labels, layers=(layer,)), volume, tmp_path / "x.seg.dcm")
    assert written.remarks == ("Liver has no voxels and was left out.",)
    seg = dcmread(tmp_path / "x.seg.dcm")
    numbers = [(item.SegmentNumber, item.SegmentLabel) for item in seg.SegmentSequence]
    assert numbers == [(1, "Right kidney"), (2, "Tumour 1")]


def test_nothing_at_all_writes_no_file(volume: Volume, tmp_path: Path) -> None:
    nothing = LabelMap((np.zeros(volume.geometry.shape, np.uint8),), volume.geometry, ())
    written = export_labels(nothing, volume, tmp_path / "x.seg.dcm")
    assert (written.written, written.verified) == (False, False)
    assert "no segment with voxels" in written.reason
    assert not (tmp_path / "x.seg.dcm").exists()


def test_equal_and_odd_names_become_unique_labels(volume: Volume, tmp_path: Path) -> None:
    names = ["Same", "Same", "a\\b" + "x" * 80]
    labels = labels_on(volume.geometry)
    segments = tuple(replace(s, name=name) for s, name in zip(labels.segments, names, strict=True))
    seg = _written(volume, replace(labels, segments=segments), tmp_path / "x.seg.dcm")
    found = [item.SegmentLabel for item in seg.SegmentSequence]
    assert found[:2] == ["Same", "Same 2"]
    assert len(found[2]) == 64
    assert "\\" not in found[2]


def test_names_of_every_script_survive(volume: Volume, tmp_path: Path) -> None:
    labels = labels_on(volume.geometry)
    names = ["肝臓", "Почка правая", "Tumörrest ç"]
    segments = tuple(replace(s, name=name) for s, name in zip(labels.segments, names, strict=True))
    seg = _written(volume, replace(labels, segments=segments), tmp_path / "x.seg.dcm")
    assert [item.SegmentLabel for item in seg.SegmentSequence] == names


def test_a_patient_s_name_of_another_character_set_survives(tmp_path: Path) -> None:
    volume = make_series(tmp_path / "series", GRIDS["axial"])
    assert volume.source is not None
    for path in volume.source.files:
        image = dcmread(path)
        image.SpecificCharacterSet = "ISO_IR 144"
        image.PatientName = "Иванов^Пётр"
        image.save_as(path)
    seg = _written(volume, labels_on(volume.geometry), tmp_path / "x.seg.dcm")
    assert str(seg.PatientName) == "Иванов^Пётр"


@pytest.mark.parametrize("lacking", [("PatientBirthDate", "StudyID", "AccessionNumber"), ("PatientName",)])
def test_a_source_that_lacks_attributes_is_no_obstacle(tmp_path: Path, lacking: tuple[str, ...]) -> None:
    volume = make_series(tmp_path / "series", GRIDS["axial"])
    assert volume.source is not None
    image = dcmread(volume.source.files[0])
    for keyword in lacking:
        delattr(image, keyword)
    image.PatientSex = "unknown value"
    image.StudyDate = "2020.03.04"
    image.save_as(volume.source.files[0])
    assert export_labels(labels_on(volume.geometry), volume, tmp_path / "x.seg.dcm").verified


def test_every_frame_on_request(volume: Volume, tmp_path: Path) -> None:
    labels = labels_on(volume.geometry)
    export_labels(labels, volume, tmp_path / "x.seg.dcm", ExportOptions(every_frame=True))
    seg = dcmread(tmp_path / "x.seg.dcm")
    assert seg.NumberOfFrames == 3 * volume.geometry.shape[0]
    back = import_labels(tmp_path / "x.seg.dcm", volume)
    assert [int(back.mask(s).sum()) for s in back.segments] == [
        int(labels.mask(s).sum()) for s in labels.segments
    ]


def test_frames_stand_by_segment_then_upwards(volume: Volume, tmp_path: Path) -> None:
    seg = _written(volume, overlapping_labels_on(volume.geometry), tmp_path / "x.seg.dcm")
    order = [
        tuple(frame.FrameContentSequence[0].DimensionIndexValues)
        for frame in seg.PerFrameFunctionalGroupsSequence
    ]
    assert order == sorted(order)
    assert min(rank for _, rank in order) == 1
    assert sorted({rank for _, rank in order}) == list(range(1, max(rank for _, rank in order) + 1))


def test_more_segments_than_a_byte_counts(volume: Volume, tmp_path: Path) -> None:
    layer = np.zeros(volume.geometry.shape, np.uint16)
    layer.reshape(-1)[: 300 * 20] = np.repeat(np.arange(1, 301), 20)
    segments = tuple(Segment(id=n, name=f"S{n}", value=n) for n in range(1, 301))
    labels = LabelMap((layer,), volume.geometry, segments)
    export_labels(labels, volume, tmp_path / "x.seg.dcm")
    back = import_labels(tmp_path / "x.seg.dcm", volume)
    np.testing.assert_array_equal(back.layers[0], layer)
    export_labels(labels, volume, tmp_path / "x.nii.gz")
    assert read_labels(tmp_path / "x.nii.gz").layers[0].dtype == np.uint16


def test_the_reader_is_named(volume: Volume, tmp_path: Path) -> None:
    labels = labels_on(volume.geometry)
    segments = tuple(replace(s, provenance=Provenance(reader="Dr Novak")) for s in labels.segments)
    seg = _written(volume, replace(labels, segments=segments), tmp_path / "x.seg.dcm")
    assert str(seg.ContentCreatorName) == "Dr Novak"


def test_a_source_that_moved_is_named(volume: Volume, tmp_path: Path) -> None:
    assert volume.source is not None
    labels = labels_on(volume.geometry)
    for path in volume.source.files:
        path.unlink()
    with pytest.raises(InputError, match="moved"):
        export_labels(labels, volume, tmp_path / "x.seg.dcm")
    assert [path.name for path in tmp_path.iterdir()] == ["series"]


def test_dicom_needs_a_dicom_source(volume: Volume, tmp_path: Path) -> None:
    assert volume.source is not None
    plain = replace(volume, source=replace(volume.source, kind="file"))
    with pytest.raises(WrongUse, match="DICOM"):
        export_labels(labels_on(volume.geometry), plain, tmp_path / "x.seg.dcm")


def test_another_frame_of_reference_is_refused(volume: Volume, tmp_path: Path) -> None:
    export_labels(labels_on(volume.geometry), volume, tmp_path / "x.seg.dcm")
    other = make_series(tmp_path / "other", GRIDS["oblique"])
    with pytest.raises(InputError, match="frame of reference"):
        import_labels(tmp_path / "x.seg.dcm", other)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("make", [labels_on, overlapping_labels_on])
def test_validator_finds_no_error(tmp_path: Path, name: str, make: object) -> None:
    if shutil.which("dciodvfy") is None:
        missing("dciodvfy (dicom3tools)")
    volume = make_series(tmp_path / "series", GRIDS[name])
    path = tmp_path / "x.seg.dcm"
    export_labels(make(volume.geometry), volume, path)  # type: ignore[operator]
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False).stderr
    assert [line for line in said.splitlines() if line.startswith("Error")] == []


def test_a_malformed_value_of_the_source_is_no_obstacle(volume: Volume, tmp_path: Path) -> None:
    assert volume.source is not None
    path = volume.source.files[0]
    image = dcmread(path)
    image.PatientWeight, image.PatientAge = 77.125, "077Y"
    image.save_as(path)
    path.write_bytes(path.read_bytes().replace(b"77.125", b"77 kg."))
    seg = _written(volume, labels_on(volume.geometry), tmp_path / "x.seg.dcm")
    assert seg.PatientAge == "077Y"
    assert b"77 kg." in (tmp_path / "x.seg.dcm").read_bytes(), "carried over as it stands"


def test_a_series_without_a_frame_of_reference(tmp_path: Path) -> None:
    volume = make_series(tmp_path / "series", GRIDS["axial"])
    assert volume.source is not None
    for path in volume.source.files:
        image = dcmread(path)
        del image.FrameOfReferenceUID
        image.save_as(path)
    volume = replace(volume, geometry=replace(volume.geometry, frame_of_reference_uid=""))
    labels = labels_on(volume.geometry)
    seg = _written(volume, labels, tmp_path / "x.seg.dcm")
    assert seg.FrameOfReferenceUID.is_valid
    back = import_labels(tmp_path / "x.seg.dcm", volume)
    np.testing.assert_array_equal(back.mask(back.segments[0]), labels.mask(labels.segments[0]))
