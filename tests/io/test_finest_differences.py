"""What a check could overlook: very fine voxels, voxels that changed places, grids without size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import nrrd
import numpy as np
import pytest
from pydicom import dcmread

from medseg_app.core.errors import GeometryError, InputError, VerificationError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.volume import Volume
from medseg_app.io import nifti
from medseg_app.io.dicom.seg_read import read_seg
from medseg_app.io.formats import export_labels, read_labels

from .made_labels import labels_on
from .made_series import grids, make_series
from .test_verification import FORMATS, _moved

AXES = ("i_step", "j_step", "k_step")


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return make_series(tmp_path / "series", grids()["oblique"])


def _fine(volume: Volume, factor: float) -> Volume:
    """The same series with voxels so many times smaller."""
    old = volume.geometry
    origins = old.origins[0] + (old.origins - old.origins[0]) * factor
    steps = old.i_step * factor, old.j_step * factor
    fine = VolumeGeometry.from_slices(
        old.shape, *steps, origins, old.last_step * factor, old.frame_of_reference_uid
    )
    return replace(volume, geometry=fine)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("file", FORMATS)
def test_half_a_voxel_is_caught_where_it_is_less_than_a_tenth_of_a_millimetre(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, volume: Volume, file: str, axis: str
) -> None:
    fine = _fine(volume, 0.04)
    half = getattr(fine.geometry, axis) / 2
    assert np.linalg.norm(half) < 0.1
    labels = labels_on(fine.geometry)
    assert export_labels(labels, fine, tmp_path / file).verified
    module, function = FORMATS[file]
    write = getattr(module, function)
    monkeypatch.setattr(module, function, lambda given, *others: write(_moved(given, half), *others))
    with pytest.raises(VerificationError):
        export_labels(labels, fine, tmp_path / file)


def test_slices_finer_than_a_hair_stay_apart_on_the_grid_of_a_seg_itself(
    tmp_path: Path, volume: Volume
) -> None:
    fine = _fine(volume, 0.004)
    assert fine.geometry.spacing_kji[0] < 0.02
    labels = labels_on(fine.geometry)
    export_labels(labels, fine, tmp_path / "x.seg.dcm")
    back = read_labels(tmp_path / "x.seg.dcm")
    for meant, found in zip(labels.segments, back.segments, strict=True):
        places = [
            one.geometry.to_patient(np.argwhere(one.mask(s))) for one, s in ((labels, meant), (back, found))
        ]
        np.testing.assert_allclose(places[0], places[1], atol=1e-4)


def _two_voxels_swapped_about_the_centre(labels: LabelMap) -> LabelMap:
    layer = labels.layers[0].copy()
    layer[1, 3:10, 4:13] = 1
    layer[1, 6, 6] = layer[1, 6, 10] = 0
    return replace(labels, layers=(layer,))


@pytest.mark.parametrize("file", ["x.nii.gz", "x.nrrd", "x.seg.nrrd", "x.mha"])
def test_voxels_that_change_places_within_their_box_are_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, volume: Volume, file: str
) -> None:
    """Number, centre and box of the segment stay as they were."""
    labels = _two_voxels_swapped_about_the_centre(labels_on(volume.geometry))
    swapped = labels.layers[0].copy()
    swapped[1, 6, 6] = swapped[1, 6, 10] = 1
    swapped[1, 6, 5] = swapped[1, 6, 11] = 0
    module, function = FORMATS[file]
    write = getattr(module, function)

    def mutated(given: LabelMap, path: Path) -> None:
        write(replace(given, layers=(swapped,)), path)

    monkeypatch.setattr(module, function, mutated)
    with pytest.raises(VerificationError, match="elsewhere"):
        export_labels(labels, volume, tmp_path / file)
    assert not (tmp_path / file).exists()


FLAT = {
    "slices at one place": np.diag([0.0, 2.0, 1.0, 1.0]),
    "slices within their plane": np.array([[0, 0, 1.0, 0], [1.0, 2.0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1.0]]),
    "almost none": np.diag([1e-9, 2.0, 1.0, 1.0]),
}


@pytest.mark.parametrize("name", FLAT)
def test_a_grid_without_volume_is_none(name: str) -> None:
    with pytest.raises(GeometryError, match="no volume"):
        VolumeGeometry.regular((3, 4, 5), FLAT[name])


def test_a_flat_file_is_named_when_it_is_read(tmp_path: Path) -> None:
    header = {"space": "left-posterior-superior", "space directions": np.diag([1.0, 2.0, 0.0])}
    header["space origin"] = np.zeros(3)
    nrrd.write(str(tmp_path / "flat.nrrd"), np.ones((3, 4, 5), np.uint8), header)
    with pytest.raises(InputError, match=r"flat\.nrrd does not say where it lies"):
        read_labels(tmp_path / "flat.nrrd")


@pytest.mark.parametrize("sform", [0, 1])
def test_a_nifti_voxel_size_of_nothing_is_not_taken_for_a_millimetre(tmp_path: Path, sform: int) -> None:
    path = tmp_path / "x.nii"
    image = nibabel.Nifti1Image(np.ones((3, 4, 5), np.uint8), np.diag([1.0, 2.0, 3.0, 1.0]))
    image.set_qform(image.affine, 1 - sform)
    image.set_sform(image.affine, sform)
    nibabel.save(image, path)
    content = bytearray(path.read_bytes())
    content[88:92] = bytes(4)
    path.write_bytes(content)
    if sform:
        assert read_labels(path).geometry.spacing_kji == pytest.approx((3, 2, 1))
        return
    with pytest.raises(InputError, match=r"x\.nii states a voxel size of 0 mm"):
        read_labels(path)


def test_skewed_rows_are_refused_in_words_that_are_true(tmp_path: Path) -> None:
    skewed = np.array([[0, 0, 1.0, 0], [0, 1.0, 0.2, 0], [2.0, 0, 0, 0], [0, 0, 0, 1.0]])
    labels = labels_on(VolumeGeometry.regular((12, 21, 30), skewed))
    with pytest.raises(GeometryError, match="skewed rows"):
        nifti.check_labels(labels)


# -- SEG of others ---------------------------------------------------------------------------------


def _written(volume: Volume, path: Path) -> Any:
    export_labels(labels_on(volume.geometry), volume, path)
    return dcmread(path)


def test_frames_with_pixels_of_their_own_size_are_refused(tmp_path: Path, volume: Volume) -> None:
    path = tmp_path / "x.seg.dcm"
    dataset = _written(volume, path)
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    for number, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        frame.PixelMeasuresSequence = [_with_spacing(measures[0], 1.0 + number)]
    del dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    dataset.save_as(path)
    with pytest.raises(InputError, match=r"x\.seg\.dcm have pixels of several sizes"):
        read_seg(path)


def _with_spacing(measures: Any, mm: float) -> Any:
    from copy import deepcopy

    changed = deepcopy(measures)
    changed.PixelSpacing = [mm, mm]
    return changed


def test_a_seg_without_shared_groups_is_read_alike(tmp_path: Path, volume: Volume) -> None:
    path = tmp_path / "x.seg.dcm"
    dataset = _written(volume, path)
    whole = read_seg(path).label_map()
    shared = dataset.SharedFunctionalGroupsSequence[0]
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        for element in shared:
            frame.add(element)
    dataset.SharedFunctionalGroupsSequence = []
    dataset.save_as(path)
    apart = read_seg(path).label_map()
    assert apart.geometry.same_grid(whole.geometry)
    assert all(np.array_equal(a, b) for a, b in zip(apart.layers, whole.layers, strict=True))


@pytest.mark.parametrize("spacing", [[0, 0.7], [1.5, -0.7]])
def test_a_seg_with_an_impossible_spacing_is_refused(
    tmp_path: Path, volume: Volume, spacing: list[float]
) -> None:
    path = tmp_path / "x.seg.dcm"
    dataset = _written(volume, path)
    dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = spacing
    dataset.save_as(path)
    with pytest.raises(InputError, match=r"x\.seg\.dcm states a pixel spacing"):
        read_seg(path)


def test_images_without_a_uid_cannot_be_named_by_a_seg(tmp_path: Path, volume: Volume) -> None:
    assert volume.source is not None
    uids = ("", *volume.source.sop_instance_uids[1:])
    nameless = replace(volume, source=replace(volume.source, sop_instance_uids=uids))
    with pytest.raises(InputError, match="no SOPClassUID or SOPInstanceUID"):
        export_labels(labels_on(volume.geometry), nameless, tmp_path / "x.seg.dcm")
    assert not (tmp_path / "x.seg.dcm").exists()
    assert export_labels(labels_on(volume.geometry), nameless, tmp_path / "x.nii.gz").verified
