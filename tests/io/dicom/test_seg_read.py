"""SEG files of other makers: what we read is what highdicom and dcmqi read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medseg_app.core.errors import InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.io.dicom.seg_read import read_seg
from medseg_app.io.formats import read_labels
from tests.data_folder import data
from tests.io.other_readers import assert_same_places, by_dcmqi

BINARY = (
    "seg_dcmqi/liver.dcm",
    "seg_dcmqi/partial_overlaps.dcm",
    "seg_dcmqi/data/sr-example/seg.dcm",
    "seg_highdicom/seg_image_ct_binary.dcm",
    "seg_highdicom/seg_image_ct_binary_overlap.dcm",
    "seg_highdicom/seg_image_ct_binary_single_frame.dcm",
    "mr_breast_dce_seg/seg_dicom4qi/data_5/mask/mask.dcm",
)
LABELMAPS = ("seg_dcmqi/sparse-labelmap-noppv.dcm", "seg_dcmqi/sparse-labelmap-ppv5.dcm")
FRACTIONAL = (
    "seg_highdicom/seg_image_ct_binary_fractional.dcm",
    "seg_highdicom/seg_image_ct_true_fractional.dcm",
    "mr_breast_dce_seg/dce_images_mr/UCSF-BR-06/mask/1-1.dcm",
)
ENCODINGS = ("j2k", "expb")
ODD_SIZED = ("", "_j2k")
UNREADABLE = ("liver_rle", "liver_deflate", "liver_nonbyte_aligned_rle", "liver_nonbyte_aligned_deflate")


def _points(labels: LabelMap) -> dict[int, np.ndarray]:
    return {s.value: labels.geometry.to_patient(np.argwhere(labels.mask(s))) for s in labels.segments}


@pytest.mark.parametrize("name", BINARY)
def test_binary_agrees_with_dcmqi(name: str) -> None:
    path = data("dicom", *name.split("/"))
    ours, theirs = _points(read_labels(path)), by_dcmqi(path)
    assert sorted(ours) == sorted(theirs)
    for number, points in theirs.items():
        assert_same_places(ours[number], points)


@pytest.mark.parametrize("name", LABELMAPS)
def test_labelmap_agrees_with_highdicom(name: str) -> None:
    import highdicom

    path = data("dicom", *name.split("/"))
    labels = read_labels(path)
    theirs = highdicom.seg.segread(path).get_volume(combine_segments=True)
    assert [s.name for s in labels.segments] == ["Liver"]
    [segment] = labels.segments
    points = theirs.map_indices_to_reference(np.argwhere(theirs.array == segment.value))
    assert_same_places(_points(labels)[segment.value], points)


@pytest.mark.parametrize("name", FRACTIONAL)
def test_fractional_is_halved_and_says_so(name: str) -> None:
    from pydicom import dcmread

    path = data("dicom", *name.split("/"))
    seg = read_seg(path)
    assert "one half" in seg.remarks[0]
    raw = dcmread(path)
    expected = int((raw.pixel_array >= 0.5 * raw.MaximumFractionalValue).sum())
    labels = seg.label_map()
    assert sum(int(labels.mask(s).sum()) for s in labels.segments) == expected > 0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_gives_the_same_labels(encoding: str) -> None:
    plain = read_labels(data("dicom", "pydicom_data", "liver.dcm"))
    other = read_labels(data("dicom", "pydicom_data", f"liver_{encoding}.dcm"))
    np.testing.assert_array_equal(plain.layers[0], other.layers[0])


@pytest.mark.parametrize("encoding", ODD_SIZED)
def test_frames_that_do_not_end_at_a_byte(encoding: str) -> None:
    from pydicom import dcmread

    path = data("dicom", "pydicom_data", f"liver_nonbyte_aligned{encoding}.dcm")
    labels = read_labels(path)
    assert int(np.count_nonzero(labels.layers[0])) == int(dcmread(path).pixel_array.sum()) > 0


@pytest.mark.parametrize("name", UNREADABLE)
def test_packings_that_no_decoder_knows_are_named(name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}\.dcm.*transfer syntax"):
        read_labels(data("dicom", "pydicom_data", f"{name}.dcm"))


def test_overlapping_segments_come_in_layers() -> None:
    labels = read_labels(data("dicom", "seg_dcmqi", "partial_overlaps.dcm"))
    assert len(labels.layers) > 1
    assert [s.name for s in labels.segments] == ["GREEN", "ORANGE", "PURPLE", "LIGHT_BLUE", "DARK_BLUE"]
    assert len({s.id for s in labels.segments}) == 5


def test_terms_and_colour_are_kept() -> None:
    [segment] = read_labels(data("dicom", "seg_dcmqi", "liver.dcm")).segments
    assert (segment.type.value, segment.type.meaning) == ("T-62000", "Liver")
    assert np.abs(np.array(segment.colour) - (221, 130, 101)).max() <= 2


@pytest.mark.parametrize("name", ["seg_image_sm_dots.dcm", "seg_image_cr_binary.dcm"])
def test_slides_and_projections_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=name):
        read_labels(data("dicom", "seg_highdicom", name))


def test_an_image_is_no_segmentation() -> None:
    with pytest.raises(InputError, match=r"CT Image Storage.*SEG"):
        read_labels(data("dicom", "seg_highdicom", "ct_image.dcm"))


@pytest.mark.parametrize("size", [500, 3000, 20000])
def test_a_truncated_file_is_named(tmp_path: Path, size: int) -> None:
    cut = tmp_path / "cut.seg.dcm"
    cut.write_bytes(data("dicom", "seg_dcmqi", "liver.dcm").read_bytes()[:size])
    with pytest.raises(InputError, match=r"cut\.seg\.dcm"):
        read_labels(cut)


@pytest.mark.parametrize("name", ["seg_dcmqi/partial_overlaps.dcm", "seg_dcmqi/sparse-labelmap-ppv5.dcm"])
def test_frames_of_a_segment_that_is_not_described_do_not_vanish(tmp_path: Path, name: str) -> None:
    from pydicom import dcmread

    seg = dcmread(data("dicom", *name.split("/")))
    gone = seg.SegmentSequence.pop()
    seg.save_as(tmp_path / "odd.dcm")
    with pytest.raises(InputError, match=rf"odd\.dcm.*not describe \(number {gone.SegmentNumber}\)"):
        read_labels(tmp_path / "odd.dcm")
