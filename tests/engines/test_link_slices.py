"""Detections of slices become the right instances, whatever their order."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from medseg_app.core.box import Box
from medseg_app.engines.link_slices import SliceDetection, link_slices, shared_area


def _square(
    k: int, row: int, column: int, edge: int = 10, score: float = 0.8, value: int = 1
) -> SliceDetection:
    return SliceDetection(k, value, score, row, column, np.ones((edge, edge), np.float32))


def test_overlap_of_squares() -> None:
    assert shared_area(_square(0, 0, 0), _square(1, 0, 0)) == 100
    assert shared_area(_square(0, 0, 0), _square(1, 3, 5)) == 35
    assert shared_area(_square(0, 3, 5), _square(1, 0, 0)) == 35
    assert shared_area(_square(0, 0, 0), _square(1, 0, 10)) == 0


def test_two_objects_side_by_side_stay_two() -> None:
    detections = [_square(k, 0, 0) for k in range(4)] + [_square(k, 0, 30, score=0.9) for k in range(2, 5)]
    first, second = link_slices(detections)
    assert (first.box, first.score) == (Box((2, 0, 30), (5, 10, 40)), pytest.approx(0.9))
    assert second.box == Box((0, 0, 0), (4, 10, 10))


def test_little_overlap_is_not_the_same_object() -> None:
    assert len(link_slices([_square(0, 0, 0), _square(1, 0, 6)])) == 2
    assert len(link_slices([_square(0, 0, 0), _square(1, 0, 5)])) == 1


def test_the_small_end_of_a_round_object_belongs_to_it() -> None:
    (one,) = link_slices([_square(0, 3, 3, edge=3), _square(1, 0, 0), _square(2, 0, 0)])
    assert [part.area for part in one.parts] == [9, 100, 100]
    assert len(link_slices([_square(0, 9, 9, edge=3), _square(1, 0, 0)])) == 2


def test_one_missing_slice_is_bridged_and_two_are_not() -> None:
    (bridged,) = link_slices([_square(0, 0, 0), _square(2, 0, 2)])
    np.testing.assert_array_equal(bridged.chance().sum(axis=(1, 2)), [100, 80, 100])
    assert len(link_slices([_square(0, 0, 0), _square(3, 0, 0)])) == 2


def test_classes_are_not_mixed() -> None:
    assert len(link_slices([_square(0, 0, 0, value=1), _square(1, 0, 0, value=2)])) == 2


def test_an_instance_has_one_part_in_a_slice_and_the_surer_one_wins() -> None:
    best, rest = link_slices([_square(0, 0, 0), _square(1, 0, 2, score=0.9), _square(1, 2, 0, score=0.5)])
    assert [part.score for part in best.parts] == [0.8, 0.9]
    assert [part.score for part in rest.parts] == [0.5]


def test_the_score_is_weighted_by_area() -> None:
    (one,) = link_slices([_square(0, 0, 0, 10, 0.9), _square(1, 0, 0, 8, 0.4)])
    assert one.score == pytest.approx((100 * 0.9 + 64 * 0.4) / 164)


def test_the_order_of_detections_does_not_matter() -> None:
    detections = [
        _square(0, 0, 0),
        _square(1, 0, 1),
        _square(2, 0, 2, score=0.7),
        _square(1, 4, 0, score=0.6),
    ]
    results = {
        tuple((round(one.score, 9), one.box) for one in link_slices(list(order)))
        for order in permutations(detections)
    }
    assert len(results) == 1


def test_nothing_gives_nothing() -> None:
    assert link_slices([]) == []
