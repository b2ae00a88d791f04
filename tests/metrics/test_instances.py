"""Matching findings: one hit per truth, everything else a false positive; also as MONAI matches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg_app.core.box import Box
from medseg_app.metrics.instances import Finding, components, iou, match_by_iou, match_findings


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


@pytest.mark.parametrize("seed", range(4))
def test_iou_is_that_of_the_sets_of_voxels(seed):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        one, other = (scattered(rng) for _ in range(2))
        mine, theirs = voxels(one), voxels(other)
        assert iou(one, other) == iou(other, one) == len(mine & theirs) / len(mine | theirs)


def test_iou_of_a_finding_without_voxels():
    (one,) = findings((2, 2, 2))
    empty = replace(one, mask=np.zeros_like(one.mask))
    assert iou(one, empty) == iou(empty, empty) == 0.0


def scattered(rng: np.random.Generator) -> Finding:
    """Single voxels in a box that has three different edges."""
    start = rng.integers(0, 4, 3)
    box = Box.of(start, start + rng.permutation([2, 4, 7]))
    mask = rng.random(box.shape) < 0.5
    mask[0, 0, 0] = True
    return Finding(box, mask)


def voxels(finding: Finding) -> set[tuple[int, ...]]:
    return {tuple(place) for place in (np.argwhere(finding.mask) + finding.box.start).tolist()}


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


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("hit_iou", [0.1, 0.3, 0.5, 0.75])
def test_matching_agrees_with_monai(seed, hit_iou):
    """On IoUs of few values, so that many are equal; findings may overlap as they like."""
    from monai.apps.detection.metrics.matching import matching_batch

    rng = np.random.default_rng(seed)
    ious = rng.choice([0.0, 0.1, 0.3, 0.45, 0.5, 0.6, 0.75, 0.9], (12, 8))
    rows, columns = np.arange(12), np.arange(8)
    (matched,) = matching_batch(
        iou_fn=lambda some, others: ious[np.ix_(some, others)],
        iou_thresholds=[hit_iou],
        pred_boxes=[rows],
        pred_classes=[np.zeros(12)],
        pred_scores=[-rows.astype(float)],
        gt_boxes=[columns],
        gt_classes=[np.zeros(8)],
    )
    pairs = match_by_iou(ious, hit_iou)
    assert [row for row, _, _ in pairs] == np.flatnonzero(matched[0]["dtMatches"][0]).tolist()
    assert sorted(column for _, column, _ in pairs) == np.flatnonzero(matched[0]["gtMatches"][0]).tolist()


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
