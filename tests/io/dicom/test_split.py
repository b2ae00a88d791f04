"""Splitting: what does not belong together is parted, an ordinary series never is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume_info import VolumeInfo

from .small_series import AXIAL, CORONAL, SAGITTAL, image, positions, stack, stored, write


def _volumes(tmp_path: Path, *images: list[Dataset]) -> tuple[VolumeInfo, ...]:
    for part in images:
        write(part, tmp_path)
    result = scan_folder(tmp_path)
    assert result.left_out == ()
    assert sum(len(volume.frames) for volume in result.volumes) == sum(map(len, images))
    return result.volumes


def test_an_ordinary_series_is_one_volume_whatever_changes_along_it(tmp_path: Path) -> None:
    images = stack()
    for n, dataset in enumerate(images):
        dataset.AcquisitionNumber = 1 + n // 5
        dataset.AcquisitionTime = f"1200{n:02d}"
        dataset.ContentTime = f"1300{n:02d}"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if n % 2 else "HELIX"]
        dataset.EchoTime = 3 + n // 6
        dataset.TriggerTime = 10 * n
    (volume,) = _volumes(tmp_path, images)
    assert volume.id == "1.2.3.4.5"
    assert volume.passport.verdict == "ok"


def test_localizers_of_three_orientations(tmp_path: Path) -> None:
    localizer = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
    planes = [stack(plane, positions(plane, 3, 10.0), **localizer) for plane in (AXIAL, CORONAL, SAGITTAL)]
    volumes = _volumes(tmp_path, *planes)
    assert [volume.shape[0] for volume in volumes] == [3, 3, 3]
    assert {volume.part.split()[1] for volume in volumes} == {"axial", "coronal", "sagittal"}
    assert [volume.id for volume in volumes] == [f"1.2.3.4.5#{n}" for n in (1, 2, 3)]


def test_a_localizer_within_a_stack_comes_last(tmp_path: Path) -> None:
    localizer = image(positions()[4], stored(1)[0], 0, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    first, second = _volumes(tmp_path, [localizer], stack())
    assert (first.shape[0], second.shape[0]) == (12, 1)
    assert "localizer" in second.part


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"FrameOfReferenceUID": "1.2.3.4.7"}),
        ({}, {"PixelSpacing": [1.5, 0.8]}),
        ({}, {"SOPClassUID": UID("1.2.840.10008.5.1.4.1.1.4")}),
    ],
)
def test_what_never_shares_a_grid(tmp_path: Path, first: dict[str, Any], second: dict[str, Any]) -> None:
    assert [v.shape[0] for v in _volumes(tmp_path, stack(**first), stack(**second))] == [12, 12]


def test_another_matrix(tmp_path: Path) -> None:
    small = [image(place, stored(1)[0][:20, :30], n) for n, place in enumerate(positions(count=4))]
    assert [volume.shape for volume in _volumes(tmp_path, stack(), small)] == [(4, 20, 30), (12, 48, 64)]


@pytest.mark.parametrize(
    ("keyword", "values", "words"),
    [
        ("AcquisitionNumber", (1, 2, 3), "acquisition 2"),
        ("TemporalPositionIdentifier", (1, 2, 3), "time point 2"),
        ("DiffusionBValue", (0.0, 50.0, 1000.0), "b-value 50"),
        ("EchoTime", (2.3, 4.6, 6.9), "echo time 4.6"),
        ("SequenceName", ("ep_b0", "ep_b50t", "ep_b800t"), "sequence ep_b50t"),
        ("ConvolutionKernel", ("B30", "B50", "B70"), "kernel B50"),
    ],
)
def test_images_at_one_place_are_told_apart(
    tmp_path: Path, keyword: str, values: tuple[Any, ...], words: str
) -> None:
    parts = [stack(**{keyword: value}) for value in values]
    for n, dataset in enumerate(d for part in parts for d in part):
        dataset.InstanceNumber = n + 1
        dataset.AcquisitionTime = f"12{n:04d}"
    volumes = _volumes(tmp_path, *reversed(parts))
    assert [volume.shape[0] for volume in volumes] == [12, 12, 12]
    assert volumes[1].part == words
    for volume, part in zip(volumes, parts, strict=True):
        assert {frame.sop_instance_uid for frame in volume.frames} == {d.SOPInstanceUID for d in part}
        assert volume.passport.verdict == "note"


def test_ge_marks_on_b_values_are_not_read_as_part_of_them(tmp_path: Path) -> None:
    parts = []
    for text in ("0\\8\\0\\0", "1000000800\\8\\0\\0"):
        images = stack()
        for dataset in images:
            dataset.add_new((0x0043, 0x0010), "LO", "GEMS_PARM_01")
            dataset.add_new((0x0043, 0x1039), "IS", text)
        parts.append(images)
    assert [volume.part for volume in _volumes(tmp_path, *parts)] == ["b-value 0", "b-value 800"]


def test_phases_whose_times_differ_from_slice_to_slice(tmp_path: Path) -> None:
    """Heart rate varies: the order at each place counts, and a missing image does not shift the phases."""
    images = []
    for k, place in enumerate(positions(count=6)):
        for phase in range(4):
            dataset = image(place, stored(1)[0], 10 * k + phase, TriggerTime=f"{phase * (100 + k):.1f}")
            dataset.SeriesDescription = f"{phase}"
            images.append(dataset)
    del images[5]  # slice 2, phase 2
    volumes = _volumes(tmp_path, images[::-1])
    assert [volume.shape[0] for volume in volumes] == [6, 5, 6, 6]
    uids = {dataset.SOPInstanceUID: dataset.SeriesDescription for dataset in images}
    for phase, volume in enumerate(volumes):
        assert {uids[frame.sop_instance_uid] for frame in volume.frames} == {str(phase)}
    assert volumes[1].passport.has("missing_slices")
    assert volumes[0].passport.has("incomplete_series")


def test_two_traits_together(tmp_path: Path) -> None:
    parts = [stack(DiffusionBValue=b, EchoNumbers=echo) for b in (0.0, 800.0) for echo in (1, 2, 3)]
    volumes = _volumes(tmp_path, *parts)
    assert [volume.shape[0] for volume in volumes] == [12] * 6
    assert volumes[-1].part == "b-value 800, echo 3"


def test_two_acquisitions_through_each_other(tmp_path: Path) -> None:
    """No two images share a place, but the second acquisition lies between the slices of the first."""
    later = stack(places=positions() + np.array([0, 0, 0.9]), AcquisitionNumber=2)
    volumes = _volumes(tmp_path, stack(AcquisitionNumber=1), later)
    assert [volume.shape[0] for volume in volumes] == [12, 12]
    assert all(not volume.passport.has("uneven_spacing") for volume in volumes)


def test_acquisitions_one_after_the_other_stay_together_despite_a_gap(tmp_path: Path) -> None:
    far = stack(places=positions() + np.array([0, 0, 60.0]), AcquisitionNumber=2)
    (volume,) = _volumes(tmp_path, stack(AcquisitionNumber=1), far)
    assert volume.shape[0] == 24
    assert volume.passport.has("missing_slices")


def test_slices_of_a_micro_ct_lie_at_places_of_their_own(tmp_path: Path) -> None:
    """Nine micrometres apart, less than what is one place where pixels are coarser."""
    series = stack(places=positions(step=0.009), PixelSpacing=[0.009, 0.009])
    (volume,) = _volumes(tmp_path, series)
    assert volume.shape[0] == 12
    assert volume.passport.verdict == "ok"


def test_repeated_images_that_nothing_tells_apart_are_a_problem(tmp_path: Path) -> None:
    images, again = stack(), stack()[:4]
    for n, dataset in enumerate(again):
        dataset.InstanceNumber = 100 + n
    first, second = _volumes(tmp_path, images, again)
    assert (first.shape[0], second.shape[0]) == (12, 4)
    assert first.passport.has("repeated_positions")
    assert first.passport.verdict == "problem"


def test_a_reference_of_its_own_in_every_image_is_ignored_and_told(tmp_path: Path) -> None:
    images = stack()
    for n, dataset in enumerate(images):
        dataset.FrameOfReferenceUID = f"1.2.3.{n}"
    (volume,) = _volumes(tmp_path, images)
    assert volume.passport.has("frame_of_reference_varies")


def test_images_without_position_are_not_stacked(tmp_path: Path) -> None:
    images = stack()[:3]
    for dataset in images:
        del dataset.ImagePositionPatient
    volumes = _volumes(tmp_path, images)
    assert [volume.shape[0] for volume in volumes] == [1, 1, 1]
    assert all(volume.passport.verdict == "problem" for volume in volumes)


def test_a_mosaic_is_left_out_by_name(tmp_path: Path) -> None:
    write(stack(ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"]), tmp_path)
    result = scan_folder(tmp_path)
    assert result.volumes == ()
    assert {entry.reason for entry in result.left_out} == {
        "a mosaic of many slices in one image, which is not supported"
    }


def _multiframe(kinds: int) -> Dataset:
    """An enhanced object with `kinds` stacks of 12 slices in one, frames of one place side by side."""
    places = positions()
    dataset = image(places[0], np.repeat(stored(), kinds, axis=0))
    dataset.SOPClassUID, dataset.Modality = UID("1.2.840.10008.5.1.4.1.1.4.1"), "MR"
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(dataset, keyword)
    dataset.NumberOfFrames = len(places) * kinds
    orientation, measures = Dataset(), Dataset()
    orientation.ImageOrientationPatient = list(AXIAL)
    measures.PixelSpacing, measures.SliceThickness = [1.5, 0.7], 2.5
    shared = Dataset()
    shared.PlaneOrientationSequence = Sequence([orientation])
    shared.PixelMeasuresSequence = Sequence([measures])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for k, place in enumerate(places):
        for kind in range(kinds):
            position, content, diffusion, frame = Dataset(), Dataset(), Dataset(), Dataset()
            position.ImagePositionPatient = list(place)
            content.StackID, content.InStackPositionNumber = "1", k + 1
            diffusion.DiffusionBValue = 100.0 * kind
            frame.PlanePositionSequence = Sequence([position])
            frame.FrameContentSequence = Sequence([content])
            frame.MRDiffusionSequence = Sequence([diffusion])
            frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    return dataset


def test_a_multi_frame_object_is_taken_apart(tmp_path: Path) -> None:
    write([_multiframe(3)], tmp_path)
    volumes = scan_folder(tmp_path).volumes
    assert [volume.shape[0] for volume in volumes] == [12, 12, 12]
    assert volumes[2].part == "b-value 200"
    assert [frame.number for frame in volumes[2].frames] == list(range(3, 37, 3))
    np.testing.assert_allclose(volumes[0].geometry.origins, positions())
