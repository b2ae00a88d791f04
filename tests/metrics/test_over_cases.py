"""Figures over cases: who takes part in a mean, and how far its interval reaches."""

from __future__ import annotations

import json

import numpy as np
import pytest

from medseg_app.metrics.bootstrap import DRAWS, draw_weights, with_interval
from medseg_app.metrics.case_findings import CaseFindings
from medseg_app.metrics.evaluate_files import AVERAGED, Comparison, Yardstick
from medseg_app.metrics.over_cases import over_cases
from tests.metrics.boxes_in_space import bar


def comparison(dice_by_class: dict[str, float | None], findings: CaseFindings | None = None) -> Comparison:
    rows = {
        key: {"name": f"Class {key}", **dict.fromkeys(AVERAGED, None), "dice": dice}
        for key, dice in dice_by_class.items()
    }
    return Comparison(rows, findings or CaseFindings.of([], []), None, Yardstick())


def test_a_class_is_averaged_over_the_cases_that_define_it():
    result = over_cases([comparison({"1": 0.8, "2": 0.5}), comparison({"1": 0.6}), comparison({"1": None})])
    one, two = result["labels"]["1"], result["labels"]["2"]
    assert one["dice"]["value"] == pytest.approx(0.7)
    assert (one["cases"], one["dice"]["cases"]) == (3, 2)
    assert (two["dice"]["value"], two["dice"]["cases"], two["name"]) == (0.5, 1, "Class 2")
    assert result["mean"]["dice"]["value"] == pytest.approx(0.6)
    assert result["mean"]["dice"]["cases"] == 2
    assert result["mean"]["nsd"] == {"value": None, "low": None, "high": None, "cases": 0}
    json.dumps(result, allow_nan=False)


def test_a_draw_without_a_rare_class_is_averaged_over_the_others():
    cases = [comparison({"1": 0.8, "2": 0.5}), comparison({"1": 0.6}), comparison({"1": 0.7})]
    figure = over_cases(cases)["mean"]["dice"]
    assert figure["value"] == pytest.approx(0.6)
    # With class 2 no draw is above (0.8 + 0.5) / 2; those without it are means of class 1 alone.
    assert figure["high"] == pytest.approx(0.7)


def test_one_case_has_no_interval():
    figure = over_cases([comparison({"1": 0.8})])["labels"]["1"]["dice"]
    assert figure == {"value": 0.8, "low": None, "high": None, "cases": 1}


def test_equal_cases_have_an_interval_of_no_width():
    figure = over_cases([comparison({"1": 0.75})] * 5)["labels"]["1"]["dice"]
    assert (figure["low"], figure["high"]) == (0.75, 0.75)


def test_the_interval_is_that_of_the_mean_and_not_of_the_cases():
    rng = np.random.default_rng(5)
    dice = rng.normal(0.7, 0.1, 100)
    figure = over_cases([comparison({"1": float(one)}) for one in dice])["labels"]["1"]["dice"]
    half = 1.96 * dice.std() / np.sqrt(100)
    assert figure["low"] == pytest.approx(dice.mean() - half, abs=0.004)
    assert figure["high"] == pytest.approx(dice.mean() + half, abs=0.004)


def test_the_interval_agrees_with_scipy():
    from scipy.stats import bootstrap

    dice = np.random.default_rng(1).beta(6, 2, 30)
    figure = over_cases([comparison({"1": float(one)}) for one in dice])["labels"]["1"]["dice"]
    theirs = bootstrap((dice,), np.mean, n_resamples=20_000, method="percentile", rng=3).confidence_interval
    assert [figure["low"], figure["high"]] == pytest.approx([theirs.low, theirs.high], abs=0.006)


def test_the_same_cases_give_the_same_interval():
    cases = [comparison({"1": dice}) for dice in (0.2, 0.5, 0.9, 0.7)]
    assert over_cases(cases) == over_cases(cases)
    figure = over_cases(cases)["mean"]["dice"]
    assert figure["low"] < figure["value"] < figure["high"]


def test_findings_are_pooled_and_not_averaged():
    many = CaseFindings.of(
        [bar(9 * n, 9 * n + 8, 0.9) for n in range(9)], [bar(9 * n, 9 * n + 8) for n in range(9)]
    )
    missed = CaseFindings.of([], [bar(0, 8)])
    result = over_cases([comparison({}, many), comparison({}, missed)])["findings"]
    assert result["recall"]["value"] == pytest.approx(0.9)
    assert (result["recall"]["low"], result["recall"]["high"]) == (0.0, 1.0)
    assert (result["truths"], result["hits"]) == (10, 9)
    assert set(result["ap"]) == {"0.1", "0.5", "0.5:0.95"}
    assert result["froc"]["0.125"]["value"] == pytest.approx(0.9)


def test_nothing_anywhere_is_null_throughout():
    result = over_cases([comparison({}), comparison({})])
    assert result["labels"] == {}
    assert result["findings"]["recall"]["value"] is None
    assert result["findings"]["false_positives_per_case"]["value"] == 0.0
    json.dumps(result, allow_nan=False)


def test_every_draw_holds_as_many_cases_as_there_are():
    weights = draw_weights(7)
    assert weights.shape == (DRAWS, 7)
    assert set(weights.sum(axis=1)) == {7}
    assert np.abs(weights.mean(axis=0) - 1).max() < 0.15
    assert draw_weights(0).size == 0


def test_draws_that_do_not_define_a_figure_are_left_out():
    figure = with_interval(0.5, [None, 0.4, 0.6, None], 4)
    assert figure["low"] == pytest.approx(0.405)
    assert with_interval(None, [None], 4) == {"value": None, "low": None, "high": None, "cases": 4}
