"""Weighted box clustering on hand-made cases: one object, one instance; two that touch, two."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from medseg_app.core.box import Box
from medseg_app.engines.cluster_slices import cluster_slices, iou
from medseg_app.engines.clustered_instances import clustered_instances
from medseg_app.engines.divide_merged import divide_merged
from medseg_app.engines.link_slices import Instance, SliceDetection, link_slices

MIN_IOU = 0.4


def _block(
    k: int, row: int, column: int, height: int = 10, width: int = 10, score: float = 0.8, value: int = 1
) -> SliceDetection:
    return SliceDetection(k, value, score, row, column, np.ones((height, width), np.float32))


def _voxels(instance: Instance) -> set[tuple[int, int, int]]:
    places = np.argwhere(instance.chance() >= 0.5) + instance.box.start
    return {(int(k), int(j), int(i)) for k, j, i in places}


def _cuboid(k: range, j: range, i: range) -> set[tuple[int, int, int]]:
    return {(a, b, c) for a in k for b in j for c in i}


# -- views of one object in a slice -------------------------------------------------------------------


def test_views_become_their_weighted_mean():
    sure, unsure = _block(3, 0, 0, 10, 10, 0.9), _block(3, 0, 2, 10, 10, 0.6)
    assert iou(sure, unsure) == pytest.approx(80 / 120)
    (mean,) = cluster_slices([unsure, sure], MIN_IOU)
    weights = np.array([100.0, 100 * 80 / 120])
    assert mean.score == pytest.approx((weights * [0.9, 0.6]).sum() / weights.sum())
    share = 0.9 * weights[0] / (weights * [0.9, 0.6]).sum()
    assert (mean.k, mean.row, mean.column, mean.chance.shape) == (3, 0, 0, (10, 12))
    np.testing.assert_allclose(mean.chance[0], [share] * 2 + [1.0] * 8 + [1 - share] * 2, rtol=1e-6)
    assert mean.area == 100  # the surer view decides what only one of them shows


def test_three_views_outvote_one():
    (mean,) = cluster_slices(
        [_block(0, 0, 0, score=0.8), *(_block(0, 0, 2, score=0.7) for _ in range(3))], MIN_IOU
    )
    np.testing.assert_array_equal(mean.mask[0], [False] * 2 + [True] * 10)


def test_other_slices_classes_and_places_are_no_views():
    apart = [_block(0, 0, 0), _block(1, 0, 0), _block(0, 0, 0, value=2), _block(0, 0, 6)]
    assert sorted(cluster_slices(apart, MIN_IOU), key=id) == sorted(apart, key=id)


def test_a_second_view_makes_no_second_instance():
    """Linking alone leaves the view over, which is then reported as a finding of its own."""
    seen = [_block(k, 0, 0, score=0.9) for k in range(4)]
    twice = [*seen, _block(1, 0, 3, score=0.7), _block(2, 0, 3, score=0.7)]
    assert len(link_slices(twice)) > 1
    (one,) = clustered_instances(twice, MIN_IOU)
    assert [part.k for part in one.parts] == [0, 1, 2, 3]
    assert _voxels(one) == _cuboid(range(4), range(10), range(10))


# -- gaps and scores ----------------------------------------------------------------------------------


def test_a_gap_of_one_slice_is_bridged_and_two_are_not():
    (bridged,) = clustered_instances([_block(0, 0, 0), _block(2, 0, 2)], MIN_IOU)
    np.testing.assert_array_equal(bridged.chance().sum(axis=(1, 2)), [100, 80, 100])
    assert len(clustered_instances([_block(0, 0, 0), _block(3, 0, 0)], MIN_IOU)) == 2


def test_the_score_comes_from_the_slices_by_area_and_a_missing_one_counts_as_none():
    whole = [_block(0, 0, 0, score=0.9), _block(1, 0, 0, 8, 8, score=0.4)]
    (one,) = clustered_instances(whole, MIN_IOU)
    assert one.score == pytest.approx((100 * 0.9 + 64 * 0.4) / 164)
    (gap,) = clustered_instances([_block(0, 0, 0, score=0.9), _block(2, 0, 0, 8, 8, score=0.4)], MIN_IOU)
    assert gap.score == pytest.approx((100 * 0.9 + 64 * 0.4) / (164 + 82))


def test_the_best_instance_is_the_first_after_gaps_have_counted():
    sure_with_a_gap = [_block(0, 0, 0, score=0.9), _block(2, 0, 0, score=0.9)]
    whole = [_block(k, 0, 40, score=0.8) for k in range(3)]
    first, second = clustered_instances([*sure_with_a_gap, *whole], MIN_IOU)
    assert (first.score, second.score) == (pytest.approx(0.8), pytest.approx(0.6))


# -- objects that touch -------------------------------------------------------------------------------

LEFT, RIGHT = _cuboid(range(5), range(10), range(10)), _cuboid(range(5), range(10), range(10, 20))


def _touching(k: int) -> list[SliceDetection]:
    return [_block(k, 0, 0, score=0.9), _block(k, 0, 10, score=0.8)]


def _merged(k: int, score: float = 0.85) -> SliceDetection:
    return _block(k, 0, 0, 10, 20, score)


def test_two_that_touch_in_every_slice_stay_two():
    left, right = clustered_instances([d for k in range(5) for d in _touching(k)], MIN_IOU)
    assert (_voxels(left), _voxels(right)) == (LEFT, RIGHT)
    assert (left.score, right.score) == (pytest.approx(0.9), pytest.approx(0.8))


@pytest.mark.parametrize("score", [0.5, 0.85, 0.99])
def test_two_that_merge_in_one_slice_only_stay_two(score):
    seen = [d for k in (0, 1, 3, 4) for d in _touching(k)]
    left, right = sorted(
        clustered_instances([*seen, _merged(2, score)], MIN_IOU), key=lambda one: one.box.start
    )
    assert [part.k for part in left.parts] == [part.k for part in right.parts] == [0, 1, 2, 3, 4]
    assert (_voxels(left), _voxels(right)) == (LEFT, RIGHT)
    assert left.score == pytest.approx((4 * 0.9 + score) / 5)


def test_linking_alone_gives_the_merged_slice_to_one_of_them():
    seen = [d for k in (0, 1, 3, 4) for d in _touching(k)]
    assert {len(_voxels(one)) for one in link_slices([*seen, _merged(2, 0.99)])} == {600, 500}


def test_a_merged_view_beside_the_two_changes_nothing():
    seen = [d for k in range(5) for d in _touching(k)]
    instances = clustered_instances([*seen, _merged(2, 0.99)], MIN_IOU)
    assert sorted(map(_voxels, instances), key=min) == [LEFT, RIGHT]


def test_an_object_that_branches_is_left_whole():
    trunk = [_block(k, 0, 0, 10, 20) for k in (2, 3)]
    branches = [d for k in (0, 1) for d in (_block(k, 0, 0, 10, 8), _block(k, 0, 12, 10, 8))]
    assert divide_merged([*trunk, *branches]) == [*trunk, *branches]


def test_two_views_of_one_object_divide_nothing():
    views = [d for k in (0, 2) for d in (_block(k, 0, 0), _block(k, 0, 4))]
    whole = _block(1, 0, 0, 10, 14)
    assert divide_merged([*views, whole]) == [*views, whole]


def test_another_class_divides_nothing():
    others = [_block(k, 0, column, value=2) for k in (0, 2) for column in (0, 10)]
    whole = _merged(1)
    assert divide_merged([*others, whole]) == [*others, whole]


def test_windows_that_do_not_lie_on_each_other_are_divided_in_the_right_place():
    seen = [d for k in (0, 2) for d in (_block(k, 2, 5, 6, 9), _block(k, 3, 14, 6, 20))]
    *_, left, right = divide_merged([*seen, _block(1, 1, 4, 9, 28)])
    assert (left.row, left.column) == (1, 4)
    both = sorted((np.flatnonzero(part.mask[4]) + 4).tolist() for part in (left, right))
    assert both == [list(range(4, 14)), list(range(14, 32))]


def test_the_order_of_detections_does_not_matter():
    seen = [*_touching(0), _merged(1), *_touching(2), _block(0, 0, 2, score=0.5)]
    results = {
        tuple((round(one.score, 6), one.box, frozenset(_voxels(one))) for one in instances)
        for order in permutations(seen)
        if (instances := clustered_instances(list(order), MIN_IOU))
    }
    assert len(results) == 1


def test_nothing_gives_nothing():
    assert clustered_instances([], MIN_IOU) == []
    (one,) = clustered_instances([_block(4, 1, 2)], MIN_IOU)
    assert one.box == Box((4, 1, 2), (5, 11, 12))
