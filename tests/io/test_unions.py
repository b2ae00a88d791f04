"""A segment that is exactly several others together needs no voxel of its own in a file of one layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medseg_app.core.errors import SegmentsOverlap
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.io.export_options import ExportOptions
from medseg_app.io.formats import export_labels
from medseg_app.io.unions import without_unions

SHAPE = (2, 4, 5)
GRID = VolumeGeometry.regular((40, 128, 128), np.eye(4))
GEOMETRY = VolumeGeometry.regular(SHAPE, np.diag([1.0, 2.0, 3.0, 1.0]), "1.2")
FAT, BONE, BODY = (
    Segment(id=1, name="Fat", value=1),
    Segment(id=2, name="Bone", value=2),
    Segment(id=3, name="Body", value=5, group=1),
)
TISSUES = arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1, 2]))
AGAIN = Segment(id=4, name="Again", value=1, group=2)


def layered(*layers: np.ndarray, segments: tuple[Segment, ...] = (FAT, BONE, BODY)) -> LabelMap:
    return LabelMap(layers, GEOMETRY, segments)


def body_of(tissues: np.ndarray) -> np.ndarray:
    return np.where(tissues > 0, np.uint8(5), np.uint8(0))


@settings(deadline=None)  # the first one imports scipy
@given(TISSUES, st.booleans())
def test_a_union_of_two_goes_and_what_is_short_of_it_stays(tissues: np.ndarray, cut: bool) -> None:
    body = body_of(tissues)
    if cut and body.any():
        body[tuple(np.argwhere(body)[0])] = 0
    labels = layered(tissues, body)
    left, unions = without_unions(labels)
    is_union = {1, 2} <= set(np.unique(tissues)) and not cut
    assert unions == ({"Body": ("Fat", "Bone")} if is_union else {})
    if is_union:
        assert left.segments == (FAT, BONE)
        np.testing.assert_array_equal(left.layers, (tissues,))
    else:
        assert left is labels


@given(TISSUES)
def test_what_reaches_beyond_its_parts_stays(tissues: np.ndarray) -> None:
    body = body_of(tissues)
    if not (body == 0).any():
        return
    body[tuple(np.argwhere(body == 0)[0])] = 5
    assert without_unions(layered(tissues, body))[1] == {}


def test_neither_an_organ_with_a_lesion_nor_the_lesion_is_a_union() -> None:
    organ, lesion = np.zeros((2, *SHAPE), np.uint8)
    organ[:, 1:, :] = 1
    lesion[0, 2, 2:4] = 5
    assert without_unions(layered(organ, lesion, segments=(FAT, BODY)))[1] == {}


def test_a_part_that_overlaps_another_counts_and_one_that_reaches_out_is_none() -> None:
    """A lesion inside fat is part of the body as well; one that leaves the body makes it no overlap."""
    tissues, lesion = np.zeros((2, *SHAPE), np.uint8)
    tissues[:, :2], tissues[:, 2] = 1, 2
    lesion[0, 1, :2] = 1
    both = (FAT, BONE, BODY, AGAIN)
    _, unions = without_unions(layered(tissues, body_of(tissues), lesion, segments=both))
    assert unions == {"Body": ("Fat", "Bone", "Again")}
    lesion[0, 3, 0] = 1
    _, unions = without_unions(layered(tissues, body_of(tissues), lesion, segments=both))
    assert unions == {"Body": ("Fat", "Bone")}


def test_where_a_lesion_may_win_the_body_takes_nothing_from_its_tissues(tmp_path: Path) -> None:
    """A lesion that grew out of the body kept it in the file, where it then hid all tissues."""
    tissues, lesion = np.zeros((2, *SHAPE), np.uint8)
    tissues[:, :2], tissues[:, 2] = 1, 2
    lesion[0, 2:, 0] = 1
    labels = layered(tissues, body_of(tissues), lesion, segments=(FAT, BONE, BODY, AGAIN))
    volume = Volume(tissues.astype(np.int16), GEOMETRY, "1.2.3", "CT")
    with pytest.raises(SegmentsOverlap, match=r": Bone and Again in 1 voxels\."):
        export_labels(labels, volume, tmp_path / "out.nii.gz")
    written = export_labels(labels, volume, tmp_path / "out.nii.gz", ExportOptions(overlap="last"))
    assert written.lost == {"Bone": 1}


def test_of_two_equal_unions_both_go_and_of_two_equal_segments_none() -> None:
    tissues = np.zeros(SHAPE, np.uint8)
    tissues[0], tissues[1, 0] = 1, 2
    labels = layered(
        tissues, body_of(tissues), (tissues > 0).astype(np.uint8), segments=(FAT, BONE, BODY, AGAIN)
    )
    left, unions = without_unions(labels)
    assert set(unions) == {"Body", "Again"}
    assert left.segments == (FAT, BONE)
    same = layered(body_of(tissues), body_of(tissues), segments=(replace(FAT, value=5), BODY))
    assert without_unions(same)[1] == {}


def test_what_makes_up_a_union_stays_where_a_part_is_the_union_of_another() -> None:
    """Body is Whole and Bone, Whole is Body: only one of them can go."""
    bone = np.zeros(SHAPE, np.uint8)
    bone[0] = 2
    everything = np.full(SHAPE, 5, np.uint8)
    segments = (BONE, BODY, replace(AGAIN, value=5))
    left, unions = without_unions(layered(bone, everything, everything, segments=segments))
    assert list(unions) == ["Again"]
    assert left.segments == (BONE, BODY)


def test_segments_of_the_layer_of_a_union_keep_their_voxels() -> None:
    tissues, upper = np.zeros((2, *SHAPE), np.uint8)
    tissues[0, :2], tissues[0, 2] = 1, 2
    upper[0, :3], upper[1, 3] = 5, 6
    other = Segment(id=9, name="Couch", value=6, group=1)
    left, unions = without_unions(layered(tissues, upper, segments=(FAT, BONE, BODY, other)))
    assert list(unions) == ["Body"]
    assert left.segments == (FAT, BONE, other)
    np.testing.assert_array_equal(left.layers[1], np.where(upper == 6, 6, 0))


@settings(deadline=None)
@given(TISSUES, TISSUES, TISSUES)
def test_what_goes_and_what_stays_is_as_the_definition_says(
    a: np.ndarray, b: np.ndarray, c: np.ndarray
) -> None:
    segments = tuple(Segment(3 * g + v, f"{g}{v}", v, group=g) for g in range(3) for v in (1, 2))
    labels = layered(a, b, c, segments=segments)
    kept, expected = list(segments), {}
    for one in reversed(segments):
        mask = labels.mask(one)
        parts = [o for o in kept if o is not one and labels.mask(o).any()]
        parts = [o for o in parts if not (labels.mask(o) & ~mask).any()]
        if len(parts) > 1 and (np.any([labels.mask(o) for o in parts], axis=0) == mask).all():
            kept.remove(one)
            expected[one.name] = tuple(o.name for o in parts)
    left, unions = without_unions(labels)
    assert unions == expected
    assert [one.name for one in left.segments] == [one.name for one in kept]


def test_many_segments_that_lie_all_over_the_volume_take_no_longer_than_few() -> None:
    """Of 116 segments over a CT of 400 slices it took 49 seconds."""

    def seconds(values: int) -> float:
        a, b = np.random.default_rng(1).integers(1, values + 1, (2, *GRID.shape), np.uint8)
        many = tuple(
            Segment(g * values + v, f"{g} {v}", v, group=g) for g in (0, 1) for v in range(1, values)
        )
        begun = process_time()
        without_unions(LabelMap((a, b), GRID, many))
        return process_time() - begun

    seconds(2)  # what is only slow at first
    assert seconds(120) < 12 * min(seconds(3) for _ in range(3))


@pytest.mark.parametrize("name", ["out.nii.gz", "out.nrrd", "out.mha"])
def test_files_of_one_layer_are_written_without_it_and_say_so(tmp_path: Path, name: str) -> None:
    import SimpleITK

    tissues = np.zeros(SHAPE, np.uint8)
    tissues[0], tissues[1, 0] = 1, 2
    volume = Volume(tissues.astype(np.int16), GEOMETRY, "1.2.3", "CT")
    written = export_labels(layered(tissues, body_of(tissues)), volume, tmp_path / name)
    assert written.remarks == (f"Body is Fat and Bone together: in {name} every voxel of theirs.",)
    assert written.lost == {}
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(tmp_path / name)), tissues)
    body = body_of(tissues)
    body[1, 3, 4] = 5
    with pytest.raises(SegmentsOverlap):
        export_labels(layered(tissues, body), volume, tmp_path / name)
    options = ExportOptions(overlap="first")
    assert export_labels(layered(tissues, body), volume, tmp_path / name, options).lost == {"Body": 25}


def test_files_of_several_layers_keep_it(tmp_path: Path) -> None:
    from medseg_app.io.formats import read_labels

    tissues = np.zeros(SHAPE, np.uint8)
    tissues[0], tissues[1, 0] = 1, 2
    volume = Volume(tissues.astype(np.int16), GEOMETRY, "1.2.3", "CT")
    path = tmp_path / "out.seg.nrrd"
    assert export_labels(layered(tissues, body_of(tissues)), volume, path).remarks == ()
    assert [segment.name for segment in read_labels(path).segments] == ["Fat", "Bone", "Body"]
