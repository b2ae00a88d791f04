"""The curve under falling scores: ties, weights and the 101 recalls."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_app.metrics.score_curve import ScoreCurve, average_precision, recall_at


def curve() -> ScoreCurve:
    scores = [np.array([0.9, 0.5]), np.array([0.7, 0.5])]
    return ScoreCurve.of(scores, [np.array([True, False]), np.array([False, True])])


def test_scores_of_all_cases_fall_and_equal_ones_count_together():
    hits, wrong = curve().counts(np.ones(2))
    assert hits.tolist() == [1, 1, 2]
    assert wrong.tolist() == [0, 1, 2]


def test_a_weight_counts_a_case_so_often():
    hits, wrong = curve().counts(np.array([0, 3]))
    assert hits.tolist() == [0, 0, 3]
    assert wrong.tolist() == [0, 3, 3]


def test_no_predictions_make_an_empty_curve():
    for empty in (ScoreCurve.of([], []), ScoreCurve.of([np.empty(0)] * 2, [np.empty(0, bool)] * 2)):
        hits, wrong = empty.counts(np.ones(2))
        assert hits.size == wrong.size == 0
        some, none, one = np.array(3.0), np.array(0.0), np.array(1.0)
        assert average_precision(hits, wrong, some) == 0.0
        assert recall_at(hits, wrong, some, one) == 0.0
        assert np.isnan(average_precision(hits, wrong, none))
        assert np.isnan(recall_at(hits, wrong, none, one))


def test_many_draws_are_counted_at_once():
    weights = np.array([[1.0, 1.0], [0.0, 3.0], [2.0, 0.0]])
    hits, wrong = curve().counts(weights)
    truths, allowed = np.array([2.0, 3.0, 2.0]), np.array([1.0, 2.0, 0.0])
    for n, weight in enumerate(weights):
        alone = curve().counts(weight)
        assert average_precision(hits, wrong, truths)[n] == average_precision(*alone, truths[n])
        assert recall_at(hits, wrong, truths, allowed)[n] == recall_at(*alone, truths[n], allowed[n])


@pytest.mark.parametrize(
    ("hits", "wrong", "truths", "area"),
    [
        ([1, 2], [0, 0], 2, 1.0),
        ([1, 2], [0, 0], 4, 51 / 101),
        ([0, 1], [1, 1], 1, 0.5),
        ([1, 1, 2], [0, 1, 1], 2, (51 * 1 + 50 * 2 / 3) / 101),
    ],
)
def test_areas_that_are_known(hits, wrong, truths, area):
    assert average_precision(
        np.array(hits, float), np.array(wrong, float), np.array(truths)
    ) == pytest.approx(area)


def test_recall_is_not_interpolated_between_scores():
    hits, wrong = np.array([1.0, 3.0, 4.0]), np.array([1.0, 2.0, 6.0])
    assert recall_at(hits, wrong, np.full(6, 4), np.array([0, 1, 1.9, 2, 6, 100])).tolist() == [
        0.0,
        0.25,
        0.25,
        0.75,
        1.0,
        1.0,
    ]
