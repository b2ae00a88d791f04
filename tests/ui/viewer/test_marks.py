"""Marks: numbers, ends and colours of what a slice shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medseg_app.app.folders import Folders
from medseg_app.app.session import Session
from medseg_app.app.settings import Settings
from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.proposal import Candidate, ModelIdentity, Proposal
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.ui.viewer.marks import CHOSEN, LABEL_CHOSEN, LABEL_PLAIN, STRONGEST, UNSETTLED, Marks
from medseg_app.ui.viewer.plane import planes_of

SHAPE = (4, 10, 12)
FILLED = LABEL_PLAIN + STRONGEST
LABEL = Box((1, 2, 3), (2, 5, 7))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    session = Session(Folders(tmp_path, tmp_path, tmp_path), Settings())
    geometry = VolumeGeometry.regular(SHAPE, np.eye(4)[[2, 1, 0, 3]])
    case = session.case = Case.of(Volume(np.zeros(SHAPE, np.int16), geometry, id="x"))
    with session.step("fill") as writer:
        for number, box in ((1, LABEL), (2, Box((1, 2, 7), (2, 5, 9)))):
            writer.put_segment(Segment(number, f"s{number}", number, colour=(number, 0, 0)))
            writer.write(LabelPatch(number, box, np.ones(box.shape, bool)))
    candidate = Candidate(
        "c", 1, Box((1, 4, 5), (3, 8, 9)), np.ones((2, 4, 4), bool), score=0.8, colour=(9, 9, 9)
    )
    case.proposal = Proposal("x", (candidate,), ModelIdentity("m", "1", ""))
    return session


def marks_of(session: Session) -> tuple[Marks, np.ndarray]:
    marks = Marks.of(session, session.open())
    return marks, marks.of_slice(planes_of(session.open().volume.geometry)["axial"], 1)


def test_numbers_follow_labels_and_proposals(session: Session) -> None:
    _, slice_ = marks_of(session)
    labels = session.open().segmentation.labels(0)[1]
    np.testing.assert_array_equal(slice_[..., 0], labels)
    assert (slice_[4:8, 5:9, 1] == 3).all()
    assert np.count_nonzero(slice_[..., 1]) == 16


def test_what_a_running_model_found_lies_below_what_can_be_decided(session: Session) -> None:
    so_far = Candidate("so far", 1, Box((1, 3, 4), (2, 5, 6)), np.ones((1, 2, 2), bool), score=0.1)
    session.open().so_far = (so_far,)
    session.view.selected_candidate = 0
    marks, slice_ = marks_of(session)
    assert marks.colours[0, :6, 3].tolist() == [0, FILLED, FILLED, CHOSEN, UNSETTLED, 0]
    assert np.argwhere(slice_[..., 1] == 4).tolist() == [[3, 4], [3, 5], [4, 4]]
    assert (slice_[4:8, 5:9, 1] == 3).all()


def test_ends_are_where_the_number_changes(session: Session) -> None:
    _, slice_ = marks_of(session)
    bits = slice_[..., 3] & 15
    assert (bits[3, 3] & 1, bits[3, 6] & 2) == (1, 2)  # left side, and right side against the neighbour
    assert (bits[2, 4] & 4, bits[4, 4] & 8) == (4, 8)  # above, below
    assert bits[3, 4] == 0


def test_a_part_is_a_part_of_the_whole(session: Session) -> None:
    plane = planes_of(session.open().volume.geometry)["axial"]
    marks = Marks.of(session, session.open())
    for reach in ((1, 1), (2, 3)):
        whole = marks.of_slice(plane, 1, None, reach)
        part = marks.of_slice(plane, 1, (slice(3, 6), slice(4, 9)), reach)
        np.testing.assert_array_equal(part, whole[3:6, 4:9])


def test_hidden_segments_and_weak_or_decided_candidates_are_not_shown(session: Session) -> None:
    session.view.hidden = frozenset({1})
    assert set(np.unique(marks_of(session)[1][..., 0])) == {0, 1}
    session.view.threshold = 0.9
    assert not marks_of(session)[1][..., 1].any()
    session.view.selected_candidate = 0
    assert marks_of(session)[1][..., 1].any(), "the chosen one is shown whatever its score"
    session.open().decisions[0] = "rejected"
    assert not marks_of(session)[1][..., 1].any()


def test_the_chosen_segment_has_more_weight(session: Session) -> None:
    session.view.active_segment = 2
    colours = marks_of(session)[0].colours[0]
    assert colours[1].tolist() == [1, 0, 0, FILLED]
    assert colours[2].tolist() == [2, 0, 0, LABEL_CHOSEN + STRONGEST]


def test_weights_hold_the_opacity_of_each_segment(session: Session) -> None:
    session.view.active_segment = 2
    session.view.strengths = {1: 0.0, 2: 0.5}
    weights = marks_of(session)[0].colours[0, :, 3]
    assert weights[1:3].tolist() == [LABEL_PLAIN, LABEL_CHOSEN + round(STRONGEST / 2)]


def test_marks_that_look_alike_are_recognised(session: Session) -> None:
    first, second = (Marks.of(session, session.open()) for _ in range(2))
    assert first.looks_like(second)
    session.view.active_segment = 1
    assert not Marks.of(session, session.open()).looks_like(first)


def put_over(session: Session, number: int, box: Box) -> None:
    """A segment in a group of its own."""
    with session.step("fill") as writer:
        group = writer.add_group()
        writer.put_segment(Segment(number, f"s{number}", 1, group=group, colour=(number, 0, 0)))
        writer.write(LabelPatch(number, box, np.ones(box.shape, bool)))


def test_the_smallest_of_segments_at_a_voxel_is_seen_whatever_its_group(session: Session) -> None:
    put_over(session, 7, Box((1, 0, 0), (2, 10, 12)))  # around both
    put_over(session, 8, Box((1, 3, 4), (2, 4, 5)))  # inside the first
    numbers = marks_of(session)[1][..., 0]
    expected = np.full(SHAPE[1:], 3)
    expected[2:5, 3:7], expected[2:5, 7:9], expected[3, 4] = 1, 2, 4
    np.testing.assert_array_equal(numbers, expected)
    segmentation = session.open().segmentation
    for j, i in np.ndindex(*SHAPE[1:]):
        seen = segmentation.segment_at((1, j, i))
        assert seen is not None
        assert seen.id == {1: 1, 2: 2, 3: 7, 4: 8}[expected[j, i]]


def test_marks_of_another_order_do_not_look_alike(session: Session) -> None:
    put_over(session, 7, Box((1, 2, 3), (2, 5, 6)))  # a column less than the first
    before = Marks.of(session, session.open())
    with session.step("fill") as writer:
        box = Box((2, 0, 0), (3, 5, 5))
        writer.write(LabelPatch(7, box, np.ones(box.shape, bool)))
    after = Marks.of(session, session.open())
    assert not after.looks_like(before)
    plane = planes_of(session.open().volume.geometry)["axial"]
    assert (before.of_slice(plane, 1)[3, 4, 0], after.of_slice(plane, 1)[3, 4, 0]) == (3, 1)


def test_three_groups_of_any_sizes_show_the_smallest_and_of_equal_ones_the_last(tmp_path: Path) -> None:
    session = Session(Folders(tmp_path, tmp_path, tmp_path), Settings())
    geometry = VolumeGeometry.regular(SHAPE, np.eye(4)[[2, 1, 0, 3]])
    case = session.case = Case.of(Volume(np.zeros(SHAPE, np.int16), geometry, id="x"))
    boxes = [Box((0, j, i), (4, j + 4, i + 3 + n % 4)) for n, (j, i) in enumerate(np.ndindex(3, 3))]
    with session.step("fill") as writer:
        for number, box in enumerate(boxes, 1):
            group = (number - 1) // 3
            if group == case.segmentation.groups:
                writer.add_group()
            writer.put_segment(Segment(number, f"s{number}", 1 + number % 3, group))
            writer.write(LabelPatch(number, box, np.ones(box.shape, bool)))
    numbers = marks_of(session)[1][..., 0]
    segments = sorted(
        case.segmentation.segments, key=lambda s: (case.segmentation.voxel_count(s.id), -s.group)
    )
    for j, i in np.ndindex(*SHAPE[1:]):
        held = (s for s in segments if case.segmentation.labels(s.group)[1, j, i] == s.value)
        seen = next(held, None)
        assert numbers[j, i] == (0 if seen is None else 1 + case.segmentation.segments.index(seen))
