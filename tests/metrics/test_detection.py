"""AP, FROC, F1 and PQ on cases that can be counted by hand, and against pycocotools and MONAI."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from medseg_app.core.box import Box
from medseg_app.metrics.case_findings import CaseFindings
from medseg_app.metrics.class_detection import rates
from medseg_app.metrics.detection import Detection, measure_detection
from medseg_app.metrics.instances import Finding, components
from tests.metrics.boxes_in_space import bar


def test_two_of_three_found_before_the_only_false_one():
    """Precision 1 up to recall 2/3: 67 of the 101 recalls (0, 0.01 ... 0.66)."""
    case = [bar(0, 10, 0.9), bar(20, 30, 0.8), bar(70, 80, 0.7)], [bar(0, 10), bar(20, 30), bar(40, 50)]
    figures = measure_detection([case])
    assert figures.ap == {"0.1": pytest.approx(67 / 101), "0.5": pytest.approx(67 / 101),
                          "0.5:0.95": pytest.approx(67 / 101)}  # fmt: skip
    assert (figures.truths, figures.predictions, figures.hits, figures.false_positives) == (3, 3, 2, 1)
    assert figures.recall == figures.precision == figures.f1 == pytest.approx(2 / 3)
    assert figures.scores == "file"


def test_a_false_one_in_front_costs_precision_at_every_recall():
    case = [bar(70, 80, 0.9), bar(0, 10, 0.8), bar(20, 30, 0.7)], [bar(0, 10), bar(20, 30)]
    # Precision 1/2 at recall 1/2, 2/3 at recall 1: the better one counts from the left on.
    assert measure_detection([case]).ap["0.5"] == pytest.approx(2 / 3)


def test_ap_over_a_range_is_the_share_of_ious_that_are_reached():
    # IoU 0.75 reaches 0.50, 0.55 ... 0.75: six of ten.
    case = [bar(0, 9, 0.9)], [bar(0, 12)]
    figures = measure_detection(
        [case], ap_ious={"0.76": (0.76,), "0.5:0.95": tuple(np.linspace(0.5, 0.95, 10))}
    )
    assert figures.ap == {"0.76": 0.0, "0.5:0.95": pytest.approx(0.6)}


def test_scores_order_findings_over_all_cases():
    first = [bar(0, 10, 0.9), bar(70, 80, 0.2)], [bar(0, 10)]
    second = [bar(0, 10, 0.8), bar(70, 80, 0.1)], [bar(0, 10)]
    assert measure_detection([first, second]).ap["0.5"] == pytest.approx(1.0)
    worse = [bar(0, 10, 0.15), bar(70, 80, 0.1)], [bar(0, 10)]
    # The false one of the first case now stands before the hit of the other: 51 recalls at 1, 50 at 2/3.
    assert measure_detection([first, worse]).ap["0.5"] == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_the_better_score_takes_the_truth_and_the_other_is_false():
    case = [bar(0, 8, 0.5), bar(0, 10, 0.4)], [bar(0, 10)]
    figures = measure_detection([case])
    assert (figures.hits, figures.false_positives) == (1, 1)
    assert figures.sq == pytest.approx(0.8)


def test_froc_reads_the_highest_recall_that_is_paid_for():
    """Two cases: hit 0.9, false 0.8, hit 0.7, false 0.6, false 0.5, hit 0.4 of four truths."""
    first = [bar(0, 10, 0.9), bar(70, 80, 0.8), bar(20, 30, 0.7)], [bar(0, 10), bar(20, 30)]
    second = [bar(70, 80, 0.6), bar(80, 90, 0.5), bar(0, 10, 0.4)], [bar(0, 10), bar(20, 30)]
    figures = measure_detection([first, second])
    assert figures.froc == {
        "0.125": 0.25, "0.25": 0.25, "0.5": 0.5, "1": 0.5, "2": 0.75, "4": 0.75, "8": 0.75,
    }  # fmt: skip
    assert figures.recall_at_1_fp == 0.5
    assert measure_detection([first, second], fp_rates=(1.5,)).froc == {"1.5": 0.75}
    assert figures.false_positives_per_case == 1.5


def test_cases_without_findings_count_as_cases():
    found = [bar(0, 10, 0.9), bar(70, 80, 0.8)], [bar(0, 10)]
    nothing: tuple[list[Finding], list[Finding]] = [], []
    assert measure_detection([found]).false_positives_per_case == 1.0
    assert measure_detection([found, nothing, nothing, nothing]).false_positives_per_case == 0.25


def test_findings_of_one_score_come_in_together_whatever_the_order_of_cases():
    hit, miss = ([bar(0, 10, 0.5)], [bar(0, 10)]), ([bar(70, 80, 0.5)], [bar(0, 10)])
    one, other = measure_detection([hit, miss]), measure_detection([miss, hit])
    assert one == other
    # One operating point only: recall 1/2 at precision 1/2.
    assert one.ap["0.5"] == pytest.approx(51 * 0.5 / 101)
    assert one.froc["0.25"] == 0.0


def test_without_scores_the_order_stands_for_them():
    unscored = [bar(0, 10), bar(70, 80)], [bar(0, 10)]
    other = [bar(0, 10, 0.001), bar(70, 80, 0.0001)], [bar(0, 10)]
    figures = measure_detection([unscored, other])
    assert figures.scores == "rank"
    assert figures.ap["0.5"] == pytest.approx(1.0)
    swapped = [bar(70, 80), bar(0, 10)], [bar(0, 10)]
    assert measure_detection([swapped]).ap["0.5"] == pytest.approx(0.5)


def test_nothing_anywhere_is_undefined_and_not_perfect():
    figures = measure_detection([([], []), ([], [])])
    assert (figures.recall, figures.precision, figures.f1, figures.pq, figures.scores) == (None,) * 5
    assert set(figures.ap.values()) == set(figures.froc.values()) == {None}
    assert figures.false_positives_per_case == 0.0
    json.dumps(figures.to_json(), allow_nan=False)
    json.dumps(measure_detection([]).to_json(), allow_nan=False)


def test_only_false_findings():
    figures = measure_detection([([bar(0, 10, 0.5)], [])])
    assert (figures.recall, figures.precision, figures.f1) == (None, 0.0, 0.0)
    assert (figures.pq, figures.sq, figures.rq) == (0.0, None, 0.0)
    assert figures.ap["0.1"] is None


def test_only_missed_findings():
    figures = measure_detection([([], [bar(0, 10)])])
    assert (figures.recall, figures.precision, figures.f1) == (0.0, None, 0.0)
    assert (figures.pq, figures.sq, figures.rq) == (0.0, None, 0.0)
    assert set(figures.ap.values()) == set(figures.froc.values()) == {0.0}


def test_rates_of_several_draws_by_hand():
    """Some found; only false ones; nothing; only missed ones."""
    truths, predictions, hits = np.array([[4, 0, 0, 3], [5, 2, 0, 0], [3, 0, 0, 0]], float)
    told = rates(truths, predictions, hits)
    np.testing.assert_array_equal(told["recall"], [3 / 4, np.nan, np.nan, 0.0])
    np.testing.assert_array_equal(told["precision"], [3 / 5, 0.0, np.nan, np.nan])
    np.testing.assert_array_equal(told["f1"], [6 / 9, 0.0, np.nan, 0.0])


def test_panoptic_quality_by_hand():
    # IoU 0.8 and 0.6 match, 0.5 does not (not more than a half).
    case = [bar(0, 8, 0.9), bar(20, 26, 0.8), bar(40, 45, 0.7)], [bar(0, 10), bar(20, 30), bar(40, 50)]
    figures = measure_detection([case])
    assert figures.sq == pytest.approx(0.7)
    assert figures.rq == pytest.approx(2 / 3)
    assert figures.pq == pytest.approx(0.7 * 2 / 3)
    assert figures.hits == 3


def test_a_case_that_is_drawn_twice_counts_as_two_cases():
    cases = [CaseFindings.of(*pair) for pair in random_cases(4)]
    weighed = Detection(cases).figures(np.array([2, 0, 1, 3, 0, 0]))
    repeated = Detection([cases[n] for n in (0, 0, 2, 3, 3, 3)]).figures()
    assert weighed.truths > 0
    assert weighed.classes["findings"]["pq"] == pytest.approx(repeated.classes["findings"]["pq"])
    for name, figure in weighed.to_json().items():
        if name != "classes":
            assert figure == pytest.approx(getattr(repeated, name)), name


@pytest.mark.parametrize("seed", range(4))
def test_ap_agrees_with_pycocotools(seed):
    cases = random_cases(seed)
    at_a_tenth, at_half, over_range = by_pycocotools(cases)
    figures = measure_detection(cases)
    assert 0.05 < figures.ap["0.5"] < 0.95
    assert figures.ap["0.1"] == pytest.approx(at_a_tenth, abs=1e-9)
    assert figures.ap["0.5"] == pytest.approx(at_half, abs=1e-9)
    assert figures.ap["0.5:0.95"] == pytest.approx(over_range, abs=1e-9)


def test_only_the_best_hundred_of_a_case_take_part_in_ap_as_in_pycocotools():
    predictions = [bar(3 * n, 3 * n + 2, 0.9 - n / 1000) for n in range(110)]
    truths = [replace(predictions[n], score=None) for n in (0, 50, 99, 100, 109)]
    figures = measure_detection([(predictions, truths)])
    assert figures.ap["0.5"] == pytest.approx(by_pycocotools([(predictions, truths)], (1, 330))[1], abs=1e-9)
    assert figures.recall == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_panoptic_quality_agrees_with_monai(seed):
    from monai.metrics.panoptic_quality import compute_panoptic_quality
    from torch import from_numpy

    rng = np.random.default_rng(seed)
    truth, predicted = np.zeros((2, 4, 48, 48), np.int64)
    for n in range(7):
        right = int(rng.integers(0, 16))
        truth[:, 6 * n : 6 * n + 4, 4:30] = n + 1
        predicted[:, 6 * n : 6 * n + 4, 4 + right : 30 + right] = 7 - n
    predicted[predicted == rng.integers(1, 8)] = 0
    predicted[:, 44:, 30:40] = 9
    figures = measure_detection([(instances(predicted), instances(truth))])
    names = ("pq", "sq", "rq")
    answer = [
        float(compute_panoptic_quality(from_numpy(predicted), from_numpy(truth), metric_name=name))
        for name in names
    ]
    assert 0.0 < answer[0] < 1.0
    assert [figures.pq, figures.sq, figures.rq] == pytest.approx(answer, abs=1e-5)


def of_class(key: str, *findings: Finding) -> list[Finding]:
    return [replace(finding, class_key=key) for finding in findings]


def test_a_finding_never_hits_a_truth_of_another_class():
    predicted = of_class("a", bar(0, 10, 0.9)) + of_class("b", bar(20, 30, 0.8))
    true = of_class("b", bar(0, 10)) + of_class("a", bar(20, 30))
    figures = measure_detection([(predicted, true)])
    assert (figures.hits, figures.false_positives, figures.f1, figures.pq) == (0, 2, 0.0, 0.0)
    assert set(figures.ap.values()) == {0.0}
    right = measure_detection([(predicted, of_class("a", bar(0, 10)) + of_class("b", bar(20, 30)))])
    assert (right.hits, right.f1, right.pq, right.ap["0.5"]) == (2, 1.0, 1.0, 1.0)


def test_figures_of_classes_by_hand():
    """a: two hits of two; b: one false one before one hit of one; c: only predicted; d: only missed."""
    predicted = (
        of_class("a", bar(0, 10, 0.9), bar(20, 28, 0.3))
        + of_class("b", bar(40, 50, 0.8), bar(60, 70, 0.7))
        + of_class("c", bar(80, 90, 0.6))
    )
    true = of_class("a", bar(0, 10), bar(20, 30)) + of_class("b", bar(60, 70)) + of_class("d", bar(100, 110))
    figures = measure_detection([(predicted, true)])
    assert {key: row["ap"]["0.5"] for key, row in figures.classes.items()} == {
        "a": 1.0, "b": 0.5, "c": None, "d": 0.0,
    }  # fmt: skip
    assert figures.ap["0.5"] == pytest.approx((1.0 + 0.5 + 0.0) / 3)
    assert {key: row["pq"] for key, row in figures.classes.items()} == {
        "a": pytest.approx(0.9), "b": pytest.approx(2 / 3), "c": 0.0, "d": 0.0,
    }  # fmt: skip
    assert figures.pq == pytest.approx((0.9 + 2 / 3) / 4)
    assert figures.rq == pytest.approx((1.0 + 2 / 3) / 4)
    assert figures.sq == pytest.approx((0.9 + 1.0) / 2)
    assert (figures.truths, figures.hits, figures.false_positives) == (4, 3, 2)
    assert figures.recall == pytest.approx(3 / 4)
    assert figures.f1 == pytest.approx(2 * 3 / (4 + 5))
    assert figures.froc["0.125"] == 0.25  # only the best finding comes before the first false one
    json.dumps(figures.to_json(), allow_nan=False)


def test_where_one_class_is_not_known_all_are_one():
    cases = [
        (of_class("a", bar(0, 10, 0.9)), of_class("b", bar(0, 10))),
        ([], [bar(0, 10)]),
    ]
    figures = measure_detection(cases)
    assert (figures.hits, list(figures.classes)) == (1, ["findings"])


def test_without_scores_findings_are_ranked_within_their_class():
    predicted = of_class("a", bar(0, 10), bar(20, 30)) + of_class("b", bar(40, 50))
    true = of_class("a", bar(0, 10)) + of_class("b", bar(40, 50))
    figures = measure_detection([(predicted, true)])
    assert (figures.scores, figures.froc["0.125"]) == ("rank", 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_ap_of_classes_agrees_with_pycocotools(seed):
    rng = np.random.default_rng(seed)
    cases = [
        [[replace(one, class_key=str(rng.integers(1, 4))) for one in side] for side in case]
        for case in random_cases(seed + 10)
    ]
    # A class that is predicted and never true takes no part in the mean.
    cases[0][0] += of_class("4", bar(0, 10, 0.5))
    figures = measure_detection(cases)
    assert 0.0 < figures.ap["0.5"] < 0.95
    assert list(figures.ap.values()) == pytest.approx(by_pycocotools(cases), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_panoptic_quality_of_classes_agrees_with_monai(seed):
    """MONAI gives hits, misses, false ones and the sum of IoUs of each class; the mean is of the paper."""
    from monai.metrics import PanopticQualityMetric
    from torch import from_numpy

    rng = np.random.default_rng(seed)
    truth, predicted = np.zeros((2, 2, 64, 64), np.int64)  # two channels: number and class
    for n in range(9):
        right, rows = int(rng.integers(0, 14)), slice(6 * n, 6 * n + 4)
        truth[0, rows, 4:30] = predicted[0, rows, 4 + right : 30 + right] = n + 1
        truth[1, rows, 4:30] = n % 3 + 1
        predicted[1, rows, 4 + right : 30 + right] = (n % 3 + 1) if n != seed else (n + 1) % 3 + 1
    counted = PanopticQualityMetric(num_classes=3)(from_numpy(predicted)[None], from_numpy(truth)[None])
    hits, false, missed, overlaps = np.asarray(counted, float).reshape(3, 4).T
    figures = measure_detection([(of_channels(predicted), of_channels(truth))])
    rows = [figures.classes[key] for key in "123"]
    assert [row["pq"] for row in rows] == pytest.approx(
        list(overlaps / (hits + false / 2 + missed / 2)), abs=1e-5
    )
    assert 0.0 < figures.pq < 1.0
    assert figures.pq == pytest.approx(np.mean([row["pq"] for row in rows]))


def of_channels(labels: np.ndarray) -> list[Finding]:
    found = instances(labels[:1])
    return [replace(one, class_key=str(labels[1:][one.box.slices][one.mask][0])) for one in found]


def instances(labels: np.ndarray) -> list[Finding]:
    """One finding per value, whole even where it falls apart, as MONAI takes it."""
    found = []
    for value in np.unique(labels[labels > 0]):
        box = Box.around(labels == value)
        assert box is not None
        found.append(Finding(box, labels[box.slices] == value, score=1.0 / value))
    return found


def random_cases(seed: int, size: int = 48) -> list[tuple[list[Finding], list[Finding]]]:
    """Images of one slice with moved, missing, doubled and invented blobs, each score once."""
    rng = np.random.default_rng(seed)
    cases = []
    for _ in range(6):
        truths, predictions = [], []
        for _ in range(int(rng.integers(0, 6))):
            at, edges = rng.integers(0, size - 16, 2), rng.integers(5, 14, 2)
            truths += components(block(size, at, edges))
            for _ in range(int(rng.choice([0, 1, 1, 2]))):
                moved = np.clip(at + rng.integers(-3, 4, 2), 0, size - 16)
                predictions += components(block(size, moved, edges), "", float(rng.random()))
        for _ in range(int(rng.integers(0, 3))):
            predictions += components(block(size, rng.integers(0, 32, 2), (6, 6)), "", float(rng.random()))
        cases.append((predictions, truths))
    return cases


def block(size: int, at, edges) -> np.ndarray:
    mask = np.zeros((1, size, size), bool)
    mask[0, at[0] : at[0] + edges[0], at[1] : at[1] + edges[1]] = True
    return mask


def by_pycocotools(cases, size: tuple[int, int] = (48, 48)) -> tuple[float, float, float]:
    """AP at 0.1, at 0.5 and at 0.5:0.95 of the reference, the mean over the classes with truths."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def rle(finding: Finding):
        from pycocotools import mask

        whole = np.zeros((1, *size), np.uint8)
        whole[finding.box.slices] = finding.mask
        return mask.encode(np.asfortranarray(whole[0]))

    truths = [(n, one) for n, (_, true) in enumerate(cases, 1) for one in true]
    predictions = [(n, one) for n, (predicted, _) in enumerate(cases, 1) for one in predicted]
    numbers = {key: n for n, key in enumerate(sorted({one.class_key for _, one in truths + predictions}), 1)}
    dataset = {
        "info": {},
        "images": [{"id": n, "height": size[0], "width": size[1]} for n in range(1, len(cases) + 1)],
        "categories": [{"id": n, "name": key} for key, n in numbers.items()],
        "annotations": [
            {"id": id_, "image_id": n, "category_id": numbers[one.class_key], "iscrowd": 0,
             "segmentation": rle(one), "area": int(one.mask.sum())}
            for id_, (n, one) in enumerate(truths, 1)
        ],
    }  # fmt: skip
    results = [
        {"image_id": n, "category_id": numbers[one.class_key], "segmentation": rle(one), "score": one.score}
        for n, one in predictions
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = dataset
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "segm")
        evaluation.params.iouThrs = np.append(np.linspace(0.5, 0.95, 10), 0.1)
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]  # -1 where a class has no truth
    areas = precision[:, :, (precision > -1).all(axis=(0, 1))].mean(axis=(1, 2))
    return float(areas[-1]), float(areas[0]), float(areas[:10].mean())
