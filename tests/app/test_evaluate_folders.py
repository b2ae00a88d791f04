"""Two folders: which cases are compared, with what left out, and what the document says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medseg_app.app.evaluate import HowToEvaluate, evaluate
from medseg_app.core.errors import InputError, WrongUse
from tests.app.label_files import write


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    """Three cases: perfect in both classes; class 1 shifted by a column; class 2 only predicted."""
    mine, theirs = tmp_path / "p", tmp_path / "t"
    write(mine / "a.nii.gz", {1: (0, 8), 2: (10, 14)})
    write(theirs / "a.nii.gz", {1: (0, 8), 2: (10, 14)})
    write(mine / "b.nii.gz", {1: (1, 9)})
    write(theirs / "b.nii.gz", {1: (0, 8)})
    write(mine / "c.nii.gz", {1: (0, 8), 2: (10, 14)})
    write(theirs / "c.nrrd", {1: (0, 8)})
    return mine, theirs


def test_means_are_over_the_cases_that_hold_the_class(folders):
    document = evaluate(*folders).document
    assert set(document) == {"cases", "labels", "findings", "mean", "left_out", "settings"}
    assert list(document["cases"]) == ["a", "b", "c"]
    assert document["cases"]["b"]["labels"]["1"]["dice"] == pytest.approx(7 / 8)
    one, two = document["labels"]["1"]["dice"], document["labels"]["2"]["dice"]
    assert (one["value"], one["cases"]) == (pytest.approx((1 + 7 / 8 + 1) / 3), 3)
    assert (two["value"], two["cases"]) == (0.5, 2)
    assert 7 / 8 <= one["low"] <= one["value"] <= one["high"] <= 1.0
    assert document["mean"]["dice"]["value"] == pytest.approx((one["value"] + 0.5) / 2)
    assert document["findings"]["truths"] == 4
    assert document["findings"]["precision"]["value"] == pytest.approx(4 / 5)
    assert document["left_out"] == []
    json.dumps(document, allow_nan=False)


def test_a_class_that_was_not_annotated_in_a_case_is_not_empty_there(folders, tmp_path):
    unknown = tmp_path / "unknown.json"
    unknown.write_text('{"c": [2], "zebra": [1]}')
    done = evaluate(*folders, HowToEvaluate(unknown_by_case=unknown))
    assert list(done.document["cases"]["c"]["labels"]) == ["1"]
    assert done.document["labels"]["2"]["dice"]["value"] == 1.0
    assert done.document["findings"]["false_positives"] == 0
    assert len(done.remarks) == 1
    assert "zebra" in done.remarks[0]
    everywhere = evaluate(*folders, HowToEvaluate(unknown=(1,), unknown_by_case=unknown)).document
    assert list(everywhere["labels"]) == ["2"]
    assert everywhere["cases"]["b"]["labels"] == {}


def test_what_cannot_be_compared_is_left_out_and_the_rest_goes_on(folders):
    mine, theirs = folders
    write(mine / "d.nii.gz", {1: (0, 8)}, (6, 20, 25))
    write(theirs / "d.nii.gz", {1: (0, 8)})
    (mine / "e.nii.gz").write_bytes(b"no image")
    write(theirs / "e.nii.gz", {1: (0, 8)})
    write(mine / "f.nii.gz", {1: (0, 8)})
    done = evaluate(*folders)
    assert list(done.document["cases"]) == ["a", "b", "c"]
    reasons = {Path(one["path"]).name: one["reason"] for one in done.document["left_out"]}
    assert set(reasons) == {"d.nii.gz", "e.nii.gz", "f.nii.gz"}
    assert "different grids" in reasons["d.nii.gz"]
    assert len(done.left_out) == 3


def test_no_case_at_all_is_an_error(tmp_path):
    mine, theirs = tmp_path / "p", tmp_path / "t"
    write(mine / "d.nii.gz", {1: (0, 8)}, (6, 20, 25))
    write(theirs / "d.nii.gz", {1: (0, 8)})
    with pytest.raises(InputError, match="different grids"):
        evaluate(mine, theirs)


def test_nothing_in_any_case_is_null(tmp_path):
    for name in ("a.nii", "b.nii"):
        write(tmp_path / "p" / name, {})
        write(tmp_path / "t" / name, {})
    document = evaluate(tmp_path / "p", tmp_path / "t").document
    assert document["labels"] == {}
    assert document["findings"]["recall"] == {"value": None, "low": None, "high": None, "cases": 2}
    assert document["findings"]["scores"] is None
    json.dumps(document, allow_nan=False)


def test_scores_beside_the_predictions_order_findings_over_cases(tmp_path):
    """The sure hit of one case, the unsure false finding of the other: ranks alone cannot tell them."""
    for name, truth in (("a", {1: (0, 8)}), ("b", {})):
        write(tmp_path / "p" / f"{name}.nii.gz", {1: (0, 8)})
        write(tmp_path / "t" / f"{name}.nii.gz", truth)
    by_rank = evaluate(tmp_path / "p", tmp_path / "t").document["findings"]
    assert (by_rank["scores"], by_rank["ap"]["0.5"]["value"]) == ("rank", pytest.approx(0.5))
    for name, score in (("a", 0.9), ("b", 0.2)):
        rows = [{"value": 1, "name": "Tumour 1", "score": score}]
        (tmp_path / "p" / f"{name}.json").write_text(json.dumps({"model": {}, "segments": rows}))
    scored = evaluate(tmp_path / "p", tmp_path / "t").document["findings"]
    assert (scored["scores"], scored["ap"]["0.5"]["value"]) == ("file", pytest.approx(1.0))


def finding_folders(tmp_path, *, with_json: bool) -> tuple[Path, Path]:
    """Case a: both findings found, numbered the other way round; case b: nothing found; case c: nothing."""
    for name, mine, theirs in (
        ("a", {1: (10, 14), 2: (0, 8)}, {1: (0, 8), 2: (10, 14)}),
        ("b", {}, {1: (0, 8)}),
        ("c", {}, {}),
    ):
        write(tmp_path / "p" / f"{name}.nii.gz", mine)
        write(tmp_path / "t" / f"{name}.nii.gz", theirs)
        rows = [{"value": v, "name": f"Tumour {v}", "score": 1 / v} for v in mine]
        if with_json:
            (tmp_path / "p" / f"{name}.json").write_text(json.dumps({"model": {}, "segments": rows}))
    return tmp_path / "p", tmp_path / "t"


def test_numbers_of_findings_are_one_class_where_a_case_tells_it(tmp_path):
    document = evaluate(*finding_folders(tmp_path, with_json=True)).document
    dice = {name: case["labels"].get("findings", {}).get("dice") for name, case in document["cases"].items()}
    assert dice == {"a": 1.0, "b": 0.0, "c": None}
    assert set(document["labels"]) == {"findings"}
    assert document["mean"]["dice"]["value"] == 0.5
    assert document["findings"]["recall"]["value"] == pytest.approx(2 / 3)


def test_numbers_of_findings_are_one_class_where_the_user_says_so(tmp_path):
    folders = finding_folders(tmp_path, with_json=False)
    assert set(evaluate(*folders).document["labels"]) == {"1", "2"}
    assert set(evaluate(*folders, HowToEvaluate(findings=True)).document["labels"]) == {"findings"}
    pair = [folder / "a.nii.gz" for folder in folders]
    assert set(evaluate(*pair).document["labels"]) == {"1", "2"}
    assert evaluate(*pair, HowToEvaluate(findings=True)).document["mean"]["dice"] == 1.0


def test_the_yardstick_reaches_every_case(folders):
    strict = HowToEvaluate(tolerance_mm=0.5, hit_iou=0.9)
    document = evaluate(*folders, strict).document
    assert document["settings"]["nsd_tolerance_mm"] == 0.5
    assert document["findings"]["hit_iou"] == 0.9
    assert document["cases"]["b"]["labels"]["1"]["nsd"] < 1.0
    assert evaluate(*folders).document["cases"]["b"]["labels"]["1"]["nsd"] == 1.0
    assert document["cases"]["b"]["findings"]["hits"] == 0


@pytest.mark.parametrize("name", ["unknown_by_case", "report", "images"])
def test_choices_for_folders_are_refused_with_files(folders, tmp_path, name):
    mine, theirs = folders
    with pytest.raises(WrongUse, match="two folders"):
        evaluate(mine / "a.nii.gz", theirs / "a.nii.gz", HowToEvaluate(**{name: tmp_path / "x"}))


def test_a_file_and_a_folder_are_refused(folders):
    mine, theirs = folders
    for pair in ((mine, theirs / "a.nii.gz"), (mine / "a.nii.gz", theirs)):
        with pytest.raises(WrongUse, match="is a folder"):
            evaluate(*pair)
    with pytest.raises(InputError, match="does not exist"):
        evaluate(mine, theirs / "nowhere")
