"""evaluate_files: matching, unknown classes, findings and different grids."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from medseg_app.core.errors import GeometryError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.metrics.evaluate_files import Yardstick, compare, compare_classes, evaluate_files

SHAPE = (10, 12, 14)
GRID = VolumeGeometry.regular(SHAPE, np.diag([2.0, 1.0, 1.0, 1.0]))


def label_map(boxes: dict[int, tuple[int, int]], geometry=GRID, **segment) -> LabelMap:
    """Slabs of full rows: value -> first and last column."""
    voxels = np.zeros(geometry.shape, np.uint8)
    for value, (start, stop) in boxes.items():
        voxels[2:8, 2:8, start:stop] = value
    segments = tuple(Segment(id=v, name=f"Class {v}", value=v, **segment) for v in boxes)
    return LabelMap((voxels,), geometry, segments)


def test_labels_are_matched_by_value():
    result = evaluate_files(label_map({1: (0, 4), 2: (5, 9)}), label_map({1: (0, 4), 2: (6, 10)}))
    assert result["labels"]["1"]["dice"] == 1.0
    assert result["labels"]["2"]["dice"] == pytest.approx(0.75)
    assert result["labels"]["2"]["hd95_mm"] == pytest.approx(1.0)
    assert result["mean"]["dice"] == pytest.approx(0.875)
    json.dumps(result, allow_nan=False)


def test_classes_alone_have_the_same_figures():
    prediction, truth = label_map({1: (0, 4), 2: (5, 9), 3: (10, 12)}), label_map({1: (0, 4), 2: (6, 10)})
    for tolerance in (0.5, 2.0):
        whole = compare(prediction, truth, {3}, yardstick=Yardstick(tolerance_mm=tolerance))
        assert compare_classes(prediction, truth, {3}, tolerance) == whole.labels
    moved = VolumeGeometry.regular(SHAPE, np.diag([2.0, 1.0, 1.1, 1.0]))
    with pytest.raises(GeometryError):
        compare_classes(prediction, label_map({1: (0, 4)}, moved))


def test_unknown_classes_are_left_out_on_both_sides():
    prediction, truth = label_map({1: (0, 4), 2: (5, 9)}), label_map({1: (0, 4)})
    assert evaluate_files(prediction, truth)["labels"]["2"]["dice"] == 0.0
    result = evaluate_files(prediction, truth, unknown=[2])
    assert list(result["labels"]) == ["1"]
    assert result["findings"]["predictions"] == 1


def test_names_match_where_numbers_differ():
    prediction = label_map({1: (0, 4)})
    truth = LabelMap(((prediction.layers[0] * 5),), GRID, (Segment(id=1, name="Class 1", value=5),))
    assert evaluate_files(prediction, truth)["labels"]["1"]["dice"] == 0.0
    assert evaluate_files(prediction, truth, match_by="name")["labels"] == {
        "Class 1": {**evaluate_files(prediction, prediction)["labels"]["1"]}
    }


def test_segments_without_kind_are_split_into_components():
    truth = label_map({1: (0, 4), 2: (8, 12)})
    truth.layers[0][truth.layers[0] == 2] = 1
    prediction = label_map({1: (0, 4), 2: (8, 12)}, kind="instance")
    found = evaluate_files(prediction, truth)["findings"]
    assert (found["truths"], found["hits"], found["false_positives"]) == (2, 2, 0)


def test_findings_of_a_file_without_scores_are_ranked_by_value():
    truth = label_map({1: (0, 4)})
    for boxes, ap in (({1: (0, 4), 2: (8, 12)}, 1.0), ({2: (0, 4), 1: (8, 12)}, 0.5)):
        found = compare(label_map(boxes), truth, yardstick=Yardstick(findings="one")).to_json()["findings"]
        assert (found["scores"], found["ap"]["0.5"]) == ("rank", ap)


def test_scores_of_segments_count_more_than_their_values():
    labels = label_map({1: (8, 12), 2: (0, 4)}, kind="instance")
    scored = tuple(replace(s, score=0.3 * s.value) for s in labels.segments)
    result = evaluate_files(replace(labels, segments=scored), label_map({1: (0, 4)}))["findings"]
    assert (result["scores"], result["ap"]["0.5"]) == ("file", 1.0)


def test_dice_of_all_findings_takes_them_as_one_mask():
    prediction, truth = label_map({1: (0, 4), 2: (5, 9)}), label_map({3: (0, 4), 4: (5, 7)})
    assert evaluate_files(prediction, truth)["findings"]["dice"] == pytest.approx(2 * 6 / 14)


def test_the_yardstick_decides_what_is_a_hit():
    prediction, truth = label_map({1: (0, 4)}), label_map({1: (2, 6)})  # IoU 1/3
    assert compare(prediction, truth).to_json()["findings"]["hits"] == 1
    strict = compare(prediction, truth, yardstick=Yardstick(hit_iou=0.5)).to_json()["findings"]
    assert (strict["hits"], strict["hit_iou"]) == (0, 0.5)


@pytest.mark.parametrize(
    ("rule", "mine", "theirs", "classes"),
    [
        ("apart", "instance", "instance", {"1": 0.0, "2": 0.0}),
        ("apart", "semantic", "semantic", {"1": 0.0, "2": 0.0}),
        ("known", "instance", "instance", {"findings": 1.0}),
        ("known", "instance", "semantic", {"findings": 1.0}),
        ("known", "semantic", "instance", {"findings": 1.0}),
        ("known", "semantic", "semantic", {"1": 0.0, "2": 0.0}),
        ("all", "semantic", "semantic", {"findings": 1.0}),
        ("one", "semantic", "semantic", {"findings": 1.0}),
    ],
)
def test_numbers_of_findings_are_no_classes(rule, mine, theirs, classes):
    """The same two places with swapped numbers."""
    pair = (
        label_map({1: (0, 4), 2: (8, 12)}, kind=mine),
        label_map({2: (0, 4), 1: (8, 12)}, kind=theirs),
    )
    result = compare(*pair, yardstick=Yardstick(findings=rule)).to_json()
    assert {key: row["dice"] for key, row in result["labels"].items()} == classes
    told_apart = mine == theirs == "semantic" and rule in ("apart", "known")
    assert result["findings"]["hits"] == (0 if told_apart else 2)


def test_organs_beside_findings_keep_their_classes():
    def mixed(organ: tuple[int, int], *kinds: str) -> LabelMap:
        labels = label_map({1: organ, 2: (8, 10), 3: (11, 13)})
        segments = zip(labels.segments, kinds, strict=True)
        return replace(labels, segments=tuple(replace(s, kind=kind) for s, kind in segments))

    known = mixed((0, 4), "semantic", "instance", "instance")
    rows = compare(known, known, yardstick=Yardstick(findings="known")).labels
    assert {key: row["name"] for key, row in rows.items()} == {"findings": "findings", "1": "Class 1"}
    assert rows["1"]["dice"] == rows["findings"]["dice"] == 1.0
    # A partner that tells no kinds may hold anything: its numbers stay classes.
    untold = mixed((0, 4), "semantic", "semantic", "semantic")
    assert set(compare(known, untold, yardstick=Yardstick(findings="known")).labels) == {
        "1",
        "2",
        "3",
        "findings",
    }


def test_nothing_on_either_side_is_undefined_not_perfect():
    result = evaluate_files(label_map({}), label_map({}))
    assert result["labels"] == {}
    assert result["mean"]["dice"] is None
    assert result["findings"]["recall"] is None


def test_segments_without_voxels_do_not_appear():
    result = evaluate_files(label_map({1: (0, 4), 2: (5, 5)}), label_map({1: (0, 4)}))
    assert list(result["labels"]) == ["1"]


@pytest.mark.parametrize(
    "other",
    [
        VolumeGeometry.regular((10, 12, 15), np.diag([2.0, 1.0, 1.0, 1.0])),
        VolumeGeometry.regular(SHAPE, np.diag([2.0, 1.0, 1.02, 1.0])),
    ],
)
def test_other_grids_are_refused(other):
    with pytest.raises(GeometryError, match="different grids"):
        evaluate_files(label_map({1: (0, 4)}), label_map({1: (0, 4)}, other))


def swapped() -> tuple[LabelMap, LabelMap]:
    """Two classes of known kind nowhere, each where the other should be."""
    return label_map({1: (0, 4), 2: (8, 12)}), label_map({2: (0, 4), 1: (8, 12)})


def test_nothing_is_found_where_classes_are_swapped():
    result = evaluate_files(*swapped())
    found = result["findings"]
    assert result["mean"]["dice"] == 0.0
    assert (found["recall"], found["f1"], found["pq"], found["rq"], found["sq"]) == (0.0, 0.0, 0.0, 0.0, None)
    assert set(found["ap"].values()) == {0.0}
    assert list(found["classes"]) == ["1", "2"]


def test_findings_of_one_class_are_pooled_where_the_user_says_so():
    found = compare(*swapped(), yardstick=Yardstick(findings="one")).to_json()["findings"]
    assert (found["recall"], found["f1"], found["pq"]) == (1.0, 1.0, 1.0)
    assert list(found["classes"]) == ["findings"]


def named(names: dict[int, str], boxes: dict[int, tuple[int, int]]) -> LabelMap:
    labels = label_map(boxes, kind="instance")
    return replace(labels, segments=tuple(replace(s, name=names[s.value]) for s in labels.segments))


def test_names_tell_findings_apart_and_their_numbers_do_not():
    prediction = named({1: "Tumour 1", 2: "Node 1"}, {1: (0, 4), 2: (8, 12)})
    renumbered = named({1: "Node 4", 2: "Tumour 7"}, {2: (0, 4), 1: (8, 12)})
    assert evaluate_files(prediction, renumbered)["findings"]["hits"] == 2
    confused = named({1: "Tumour 1", 2: "Node 1"}, {2: (0, 4), 1: (8, 12)})
    found = evaluate_files(prediction, confused)["findings"]
    assert (found["hits"], found["false_positives"], list(found["classes"])) == (0, 2, ["Node", "Tumour"])
    pooled = compare(prediction, confused, yardstick=Yardstick(findings="one")).to_json()["findings"]
    assert pooled["hits"] == 2


def test_findings_without_names_are_one_class():
    prediction = named({1: "Tumour 1", 2: "Node 1"}, {1: (0, 4), 2: (8, 12)})
    nameless = named({1: "Label 1", 2: "Label 2"}, {2: (0, 4), 1: (8, 12)})
    found = evaluate_files(prediction, nameless)["findings"]
    assert (found["hits"], list(found["classes"])) == (2, ["findings"])


def test_findings_beside_organs_are_one_class_with_all_where_the_truth_has_numbers_only():
    organs_too = label_map({1: (0, 4), 2: (8, 12)})
    kinds = (("Liver", "semantic"), ("Tumour 1", "instance"))
    segments = zip(organs_too.segments, kinds, strict=True)
    mixed = replace(organs_too, segments=tuple(replace(s, name=n, kind=k) for s, (n, k) in segments))
    numbers = label_map({7: (8, 12)})
    nameless = replace(numbers, segments=tuple(replace(s, name="Label 7") for s in numbers.segments))
    found = evaluate_files(mixed, nameless)["findings"]
    assert (found["hits"], list(found["classes"])) == (1, ["findings"])
