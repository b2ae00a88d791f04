"""Matching findings: one hit per truth, everything else a false positive."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg_app.metrics.instances import components, iou, match_findings


def findings(*starts: tuple[int, int, int], edge: int = 4):
    mask = np.zeros((12, 30, 30), bool)
    found = []
    for start in starts:
        mask[:] = False
        mask[tuple(slice(a, a + edge) for a in start)] = True
        found += components(mask.copy())
    return found


def test_iou_of_shifted_and_of_distant_cubes():
    (one, other, far) = findings((2, 2, 2), (2, 2, 4), (2, 20, 20))
    assert iou(one, other) == 1 / 3
    assert iou(one, far) == 0.0
    assert iou(one, one) == 1.0


def test_second_prediction_of_a_truth_is_a_false_positive():
    truth = findings((2, 2, 2))
    matches = match_findings(findings((2, 2, 2), (2, 2, 3)), truth)
    assert matches.pairs == ((0, 0, 1.0),)
    assert (matches.recall, matches.false_positives) == (1.0, 1)


def test_below_the_threshold_is_a_miss_and_a_false_positive():
    matches = match_findings(findings((2, 2, 5)), findings((2, 2, 2)))
    assert matches.pairs == ()
    assert (matches.recall, matches.false_positives) == (0.0, 1)
    assert match_findings(findings((2, 2, 5)), findings((2, 2, 2)), hit_iou=0.1).recall == 1.0


@pytest.mark.parametrize(
    ("given", "true", "hits"), [("1", "1", 1), ("1", "2", 0), ("", "2", 1), ("1", "", 1), ("", "", 1)]
)
def test_a_finding_of_another_class_is_no_hit(given, true, hits):
    (one, truth) = (replace(findings((2, 2, 2))[0], class_key=key) for key in (given, true))
    matches = match_findings([one], [truth])
    assert (len(matches.pairs), matches.false_positives) == (hits, 1 - hits)


def test_without_truth_recall_is_undefined():
    matches = match_findings(findings((2, 2, 2)), [])
    assert matches.recall is None
    assert matches.to_json()["precision"] == 0.0
    assert match_findings([], []).to_json()["precision"] is None


def test_components_join_over_corners_and_come_largest_first():
    mask = np.zeros((6, 6, 6), bool)
    mask[0, 0, 0] = mask[1, 1, 1] = True
    mask[3:5, 3:5, 3:5] = True
    mask[1, 1, 5] = True
    assert [int(part.mask.sum()) for part in components(mask)] == [8, 2, 1]
    assert components(mask)[1].box.shape == (2, 2, 2)
