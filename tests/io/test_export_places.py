"""Every format puts every voxel where it was meant, as programs other than ours see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medseg_app.core.errors import Cancelled, GeometryError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.io.formats import ExportOptions, export_labels, import_labels, read_labels

from .made_labels import labels_on, overlapping_labels_on
from .made_series import EVEN, grids, make_series
from .other_readers import assert_same_places, by_dcmqi, by_nibabel, by_pydicom, by_sitk, meant

GRIDS = grids()
FILES = ("x.nii", "x.nii.gz", "x.nrrd", "x.mha")


@pytest.mark.parametrize("name", EVEN)
@pytest.mark.parametrize("file", FILES)
def test_label_files_on_even_grids(tmp_path: Path, name: str, file: str) -> None:
    volume = make_series(tmp_path / "series", GRIDS[name])
    labels = labels_on(volume.geometry)
    written = export_labels(labels, volume, tmp_path / file)
    assert written.verified
    readers = [by_sitk] + ([by_nibabel] if ".nii" in file else [])
    for reader in readers:
        found = reader(tmp_path / file)
        assert sorted(found) == [1, 3, 7]
        for segment, points in zip(labels.segments, meant(labels, GRIDS[name]), strict=True):
            assert_same_places(found[segment.value], points)
    np.testing.assert_array_equal(read_labels(tmp_path / file).layers[0], labels.layers[0])


@pytest.mark.parametrize("name", GRIDS)
def test_seg_on_every_grid(tmp_path: Path, name: str) -> None:
    volume = make_series(tmp_path / "series", GRIDS[name])
    labels = overlapping_labels_on(volume.geometry)
    path = tmp_path / "x.seg.dcm"
    written = export_labels(labels, volume, path)
    straight = name in EVEN
    assert written.verified
    assert written.reader == ("dcmqi" if straight else "highdicom")
    for reader in [by_pydicom] + ([by_dcmqi] if straight else []):
        found = reader(path)
        assert sorted(found) == [1, 2, 3]
        for number, points in enumerate(meant(labels, GRIDS[name]), 1):
            assert_same_places(found[number], points)


@pytest.mark.parametrize("name", GRIDS)
def test_seg_comes_back_onto_its_series(tmp_path: Path, name: str) -> None:
    volume = make_series(tmp_path / "series", GRIDS[name])
    labels = overlapping_labels_on(volume.geometry)
    export_labels(labels, volume, tmp_path / "x.seg.dcm", ExportOptions())
    remarks: list[str] = []
    back = import_labels(tmp_path / "x.seg.dcm", volume, remarks.append)
    assert remarks == []
    assert len(back.layers) == 2
    for before, after in zip(labels.segments, back.segments, strict=True):
        np.testing.assert_array_equal(labels.mask(before), back.mask(after))


@pytest.mark.parametrize("name", GRIDS)
def test_seg_is_read_where_its_voxels_were_meant(tmp_path: Path, name: str) -> None:
    """Without its series: the places are those that the file itself states."""
    volume = make_series(tmp_path / "series", GRIDS[name])
    labels = labels_on(volume.geometry)
    export_labels(labels, volume, tmp_path / "x.seg.dcm")
    back = read_labels(tmp_path / "x.seg.dcm")
    for segment, points in zip(back.segments, meant(labels, GRIDS[name]), strict=True):
        assert_same_places(back.geometry.to_patient(np.argwhere(back.mask(segment))), points)


@pytest.mark.parametrize("file", ["x.nii.gz", "x.nii", "x.mha"])
def test_tilted_grid_is_refused_with_a_remedy(tmp_path: Path, file: str) -> None:
    volume = make_series(tmp_path / "series", GRIDS["tilted"])
    with pytest.raises(GeometryError, match=r"NRRD"):
        export_labels(labels_on(volume.geometry), volume, tmp_path / file)
    assert [p.name for p in tmp_path.iterdir()] == ["series"]


def test_nrrd_keeps_a_tilted_grid(tmp_path: Path) -> None:
    volume = make_series(tmp_path / "series", GRIDS["tilted"])
    labels = labels_on(volume.geometry)
    assert export_labels(labels, volume, tmp_path / "x.nrrd").verified
    found = by_sitk(tmp_path / "x.nrrd")
    for segment, points in zip(labels.segments, meant(labels, GRIDS["tilted"]), strict=True):
        assert_same_places(found[segment.value], points)


@pytest.mark.parametrize("name", ["gap", "uneven"])
@pytest.mark.parametrize("file", FILES)
def test_uneven_slices_are_refused_with_a_remedy(tmp_path: Path, name: str, file: str) -> None:
    volume = make_series(tmp_path / "series", GRIDS[name])
    with pytest.raises(GeometryError, match="DICOM SEG"):
        export_labels(labels_on(volume.geometry), volume, tmp_path / file)
    assert [p.name for p in tmp_path.iterdir()] == ["series"]


def test_multi_frame_source(tmp_path: Path) -> None:
    from pydicom import dcmread

    volume = make_series(tmp_path / "series", GRIDS["oblique"], multi_frame=True)
    labels = labels_on(volume.geometry)
    assert export_labels(labels, volume, tmp_path / "x.seg.dcm").reader == "dcmqi"
    seg = dcmread(tmp_path / "x.seg.dcm")
    assert len(seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == 1
    for item in seg.PerFrameFunctionalGroupsSequence:
        image = item.DerivationImageSequence[0].SourceImageSequence[0]
        place = np.array(item.PlanePositionSequence[0].ImagePositionPatient, float)
        k = int(np.argmin(np.linalg.norm(volume.geometry.origins - place, axis=1)))
        assert image.ReferencedFrameNumber == volume.source.frame_numbers[k]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["oblique", "tilted", "uneven"])
def test_sparse_labels_of_any_shape(tmp_path: Path, name: str, seed: int) -> None:
    """Single voxels in a few slices, slices left out between them, segments in one slice only."""
    volume = make_series(tmp_path / "series", GRIDS[name])
    chance = np.random.default_rng(seed)
    labels = labels_on(volume.geometry)
    layer = np.zeros(volume.geometry.shape, np.uint8)
    for value in (1, 3, 7):
        for _ in range(chance.integers(1, 5)):
            layer[tuple(chance.integers(0, n) for n in layer.shape)] = value
    labels = replace(labels, layers=(layer,))
    assert export_labels(labels, volume, tmp_path / "x.seg.dcm").verified
    back = import_labels(tmp_path / "x.seg.dcm", volume)
    found = {segment.name: back.mask(segment) for segment in back.segments}
    for segment in labels.segments:
        expected = labels.mask(segment)
        np.testing.assert_array_equal(found.get(segment.name, np.zeros_like(expected)), expected)


def test_progress_tells_what_is_done_and_can_stop_it(tmp_path: Path) -> None:
    volume = make_series(tmp_path / "series", GRIDS["axial"])
    told: list[str] = []

    def stop(fraction: float, message: str = "") -> None:
        told.append(message)
        if "Checking" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        export_labels(labels_on(volume.geometry), volume, tmp_path / "x.seg.dcm", None, stop)
    assert told == ["Writing x.seg.dcm", "Checking x.seg.dcm with dcmqi"]
    assert [path.name for path in tmp_path.iterdir()] == ["series"]


@pytest.mark.parametrize("file", ["labels.seg.dcm", "labels.nii.gz", "labels.nrrd", "labels.mha"])
def test_a_boolean_mask_is_a_label_map(tmp_path: Path, file: str) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    mask = np.zeros(volume.geometry.shape, bool, order="F")
    mask[1:3, 2:5, 3:8] = True
    labels = LabelMap((mask,), volume.geometry, (Segment(id=1, name="Dense", value=1),))
    assert export_labels(labels, volume, tmp_path / file).verified
    back = import_labels(tmp_path / file, volume, pytest.fail)
    np.testing.assert_array_equal(back.layers[0] > 0, mask)
