"""Two cases of MedSeg: joined by names, and what nobody looked for is neither right nor wrong."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from medseg_app.app.evaluate import HowToEvaluate, evaluate
from medseg_app.app.evaluate_folders import evaluate_folders
from medseg_app.app.report.worst_slice import worst_slice
from medseg_app.app.unknown_by_case import UnknownClasses
from medseg_app.core.errors import InputError, WrongUse
from medseg_app.metrics.evaluate_files import Yardstick
from tests.app.cases import NOWHERE, write_case
from tests.app.label_files import write

BLOCK, ROD, TUMOUR = (0, 8), (10, 14), (16, 20)


@pytest.fixture
def mine(tmp_path) -> Path:
    return write_case(tmp_path / "p" / "a.medseg", ("Block", BLOCK), ("Rod", ROD))


@pytest.fixture
def theirs(tmp_path) -> Path:
    return tmp_path / "t" / "a.medseg"


def dice_of(document) -> dict[str, float]:
    """By value where each class has one, the same on both sides, else by name."""
    return {key: row["dice"] for key, row in document["labels"].items()}


def test_a_class_that_the_truth_does_not_name_takes_no_part(mine, theirs):
    done = evaluate(mine, write_case(theirs, ("Block", BLOCK)))
    assert dice_of(done.document) == {"1": 1.0}
    assert done.document["mean"]["dice"] == 1.0
    found = done.document["findings"]
    assert (found["predictions"], found["hits"], found["false_positives"]) == (1, 1, 0)
    assert done.remarks == ("left out as unknown, as the truth has no segment of it: Rod",)


def test_an_empty_segment_is_a_class_that_is_not_there(mine, theirs):
    done = evaluate(mine, write_case(theirs, ("Block", BLOCK), ("Rod", NOWHERE)))
    assert dice_of(done.document) == {"1": 1.0, "2": 0.0}
    assert done.document["mean"]["dice"] == 0.5
    assert done.document["findings"]["false_positives"] == 1
    assert done.remarks == ()


def test_a_class_that_the_prediction_does_not_name_is_missed(mine, theirs):
    """A model makes no segment for what it does not find."""
    done = evaluate(write_case(theirs, ("Block", BLOCK)), mine)
    assert dice_of(done.document) == {"1": 1.0, "2": 0.0}
    assert done.document["findings"]["hits"] == 1
    assert done.remarks == ()


def test_the_order_of_segments_does_not_matter(mine, theirs):
    document = evaluate(mine, write_case(theirs, ("Rod", ROD), ("Block", BLOCK))).document
    assert dice_of(document) == {"Block": 1.0, "Rod": 1.0}
    assert document["findings"]["hits"] == 2


def test_unknown_values_are_those_of_the_truth(mine, theirs):
    write_case(theirs, ("Rod", ROD), ("Block", BLOCK))
    done = evaluate(mine, theirs, HowToEvaluate(unknown=(1,)))
    assert set(done.document["labels"]) == {"Block"}
    assert done.document["findings"]["false_positives"] == 0


def test_numbers_of_findings_are_no_classes(tmp_path, theirs):
    findings = ("Tumour 1", "Tumour 2")
    mine = write_case(
        tmp_path / "p.medseg", ("Tumour 1", TUMOUR), ("Tumour 2", BLOCK), findings=findings, score=0.9
    )
    write_case(theirs, ("Tumour 1", BLOCK), ("Tumour 2", TUMOUR), findings=findings)
    document = evaluate(mine, theirs).document
    assert dice_of(document) == {"Tumour": 1.0}
    assert (document["findings"]["hits"], document["findings"]["truths"]) == (2, 2)
    assert document["findings"]["scores"] == "file"


@pytest.mark.parametrize("findings", [(), ("Tumour", "Tumour 2")])
def test_findings_drawn_by_hand_are_of_the_class_of_the_predicted_ones(tmp_path, theirs, findings):
    mine = write_case(
        tmp_path / "p.medseg", ("Liver", ROD), ("Tumour 1", TUMOUR), ("Tumour 2", BLOCK),
        findings=("Tumour 1", "Tumour 2"),
    )  # fmt: skip
    write_case(theirs, ("Tumour", BLOCK), ("Tumour 2", TUMOUR), ("Liver", ROD), findings=findings)
    document = evaluate(mine, theirs).document
    assert dice_of(document) == {"Liver": 1.0, "Tumour": 1.0}
    assert counts(document) == (2, 2, 2)


def counts(document) -> tuple[int, int, int]:
    return tuple(document["findings"][name] for name in ("truths", "predictions", "hits"))


@pytest.mark.parametrize("kind", ["finding", "drawn by hand"])
def test_organs_are_no_findings_where_findings_were_looked_for(tmp_path, theirs, kind):
    """Also where none is there, or none was found."""
    organ, lump = ("Block", BLOCK), ("Tumour 1", TUMOUR)
    with_lump = write_case(tmp_path / "p.medseg", organ, lump, findings=("Tumour 1",))
    findings = ("Tumour",) if kind == "finding" else ()
    document = evaluate(with_lump, write_case(theirs, organ, ("Tumour", NOWHERE), findings=findings)).document
    assert dice_of(document) == {"Block": 1.0, "Tumour": 0.0}
    assert counts(document) == (0, 1, 0)
    without = write_case(theirs, organ)
    document = evaluate(without, with_lump).document
    assert dice_of(document) == {"Block": 1.0, "Tumour": 0.0}
    assert counts(document) == (1, 0, 0)


def test_a_finding_that_nobody_looked_for_is_not_false(tmp_path, theirs):
    mine = write_case(tmp_path / "p.medseg", ("Block", BLOCK), ("Tumour 1", TUMOUR), findings=("Tumour 1",))
    write_case(theirs, ("Block", BLOCK), ("Node", NOWHERE), findings=("Node",))
    document = evaluate(mine, theirs).document
    assert dice_of(document) == {"Block": 1.0}
    assert document["findings"]["false_positives"] == 0


def test_numbered_organs_are_classes_of_their_own(tmp_path, theirs):
    mine = write_case(tmp_path / "p.medseg", ("Vertebra 1", BLOCK), ("Vertebra 2", ROD))
    document = evaluate(mine, write_case(theirs, ("Vertebra 2", BLOCK), ("Vertebra 1", ROD))).document
    assert dice_of(document) == {"Vertebra 1": 0.0, "Vertebra 2": 0.0}
    assert counts(document) == (2, 2, 0)


def test_nothing_in_common_is_an_error(mine, theirs):
    with pytest.raises(InputError, match=r"Block, Rod.*Liver") as caught:
        evaluate(mine, write_case(theirs, ("Liver", BLOCK)))
    assert "a.medseg" in caught.value.message
    with pytest.raises(InputError, match="nobody looked for anything"):
        evaluate(mine, write_case(theirs))


def test_all_as_findings_of_one_class_needs_no_names(mine, theirs):
    write_case(theirs, ("Lump", BLOCK))
    done = evaluate(mine, theirs, HowToEvaluate(findings=True))
    assert set(done.document["labels"]) == {"findings"}
    assert (done.document["findings"]["hits"], done.document["findings"]["false_positives"]) == (1, 1)


def test_names_that_only_tell_values_are_matched_by_value(tmp_path, mine, theirs):
    write_case(theirs, ("Label 1", BLOCK))
    document = evaluate(mine, theirs).document
    assert dice_of(document) == {"1": 1.0, "2": 0.0}
    nameless = write_case(tmp_path / "p.medseg", ("Label 1", BLOCK), ("Label 2", ROD))
    assert dice_of(evaluate(nameless, theirs).document) == {"1": 1.0}


def test_a_file_of_labels_is_matched_by_value_and_absent_is_empty_in_it(tmp_path, mine):
    labels = write(tmp_path / "t.nii.gz", {1: BLOCK})
    assert dice_of(evaluate(mine, labels).document) == {"1": 1.0, "2": 0.0}


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    """Rod is right in a, unknown in b and not there in c; the order of segments differs in each."""
    for name in "abc":
        write_case(tmp_path / "p" / f"{name}.medseg", ("Block", BLOCK), ("Rod", ROD))
    write_case(tmp_path / "t" / "a.medseg", ("Rod", ROD), ("Block", BLOCK))
    write_case(tmp_path / "t" / "b.medseg", ("Liver", NOWHERE), ("Block", (0, 4)))
    write_case(tmp_path / "t" / "c.medseg", ("Rod", NOWHERE), ("Block", BLOCK))
    return tmp_path / "p", tmp_path / "t"


def test_means_of_a_folder_are_over_the_cases_that_were_looked_through(folders):
    done = evaluate(*folders)
    rod, block = (done.document["labels"][name]["dice"] for name in ("Rod", "Block"))
    assert (rod["value"], rod["cases"]) == (0.5, 2)
    assert (block["value"], block["cases"]) == (pytest.approx((1 + 2 / 3 + 1) / 3), 3)
    assert done.document["mean"]["dice"]["value"] == pytest.approx((rod["value"] + block["value"]) / 2)
    assert done.document["findings"]["false_positives"] == 1
    assert done.remarks == ("left out as unknown, as the truth has no segment of it: Rod (in 1 of 3 cases)",)


def test_a_case_with_nothing_in_common_is_left_out_of_a_folder(folders):
    write_case(folders[1] / "c.medseg", ("Liver", BLOCK))
    done = evaluate(*folders)
    assert set(done.document["cases"]) == {"a", "b"}
    assert len(done.left_out) == 1
    assert "Liver" in done.left_out[0]


def test_the_report_tells_what_was_unknown(folders, tmp_path):
    evaluate(*folders, HowToEvaluate(report=tmp_path / "r"))
    with (tmp_path / "r" / "classes.csv").open(newline="") as stream:
        rows = {(row["case"], row["class"]): row["dice"] for row in csv.DictReader(stream)}
    assert set(rows) == {("a", "Block"), ("a", "Rod"), ("b", "Block"), ("c", "Block"), ("c", "Rod")}
    assert (rows["a", "Rod"], rows["c", "Rod"]) == ("1.0", "0.0")
    page = (tmp_path / "r" / "report.html").read_text("utf-8")
    assert "Rod (in 1 of 3 cases)" in page


def test_pictures_show_no_difference_in_what_was_unknown(folders):
    cases = evaluate_folders(*folders, UnknownClasses(), Yardstick(findings="known")).cases
    shown = {case.pair.name: worst_slice(case, None)[0] for case in cases}
    assert shown["a"] is None
    assert len(shown["b"].predictions) == 1
    assert shown["c"].wrong == 8 * (ROD[1] - ROD[0])


def test_all_as_findings_of_one_class_holds_for_every_case_of_a_folder(folders):
    """Also for one in which nothing was predicted."""
    write_case(folders[0] / "a.medseg")
    document = evaluate(*folders, HowToEvaluate(findings=True)).document
    assert set(document["labels"]) == {"findings"}
    assert document["cases"]["a"]["labels"]["findings"]["dice"] == 0.0


@pytest.mark.parametrize(
    ("choice", "values", "words"),
    [
        ("tolerance_mm", (-1.0, float("inf"), float("nan")), "tolerance of .* mm"),
        ("hit_iou", (0.0, 1.5, float("nan")), "IoU of"),
    ],
)
def test_an_impossible_yardstick_is_refused(mine, choice, values, words):
    for value in values:
        with pytest.raises(WrongUse, match=words):
            evaluate(mine, mine, HowToEvaluate(**{choice: value}))
