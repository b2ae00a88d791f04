"""Scores from the JSON that predict writes beside a file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from medseg_app.app.finding_scores import with_scores
from medseg_app.core.errors import InputError
from tests.app.label_files import labels, write


def scores(path, found):
    return [segment.score for segment in with_scores(path, found).segments]


def document(*rows):
    return json.dumps({"model": {"name": "m"}, "segments": list(rows)})


def row(value, name, score):
    return {"value": value, "name": name, "score": score}


def test_files_without_names_take_them_by_value(tmp_path):
    path = write(tmp_path / "a.nii.gz", {1: (0, 4), 2: (6, 9), 3: (12, 14)})
    (tmp_path / "a.json").write_text(document(row(2, "Tumour 2", 0.4), row(1, "Tumour 1", 0.9)))
    assert scores(path, labels({1: (0, 4), 2: (6, 9), 3: (12, 14)})) == [0.9, 0.4, None]


def test_files_with_names_take_them_by_name(tmp_path):
    found = labels({1: (0, 4), 2: (6, 9)})
    named = replace(found, segments=tuple(replace(s, name=f"Tumour {3 - s.value}") for s in found.segments))
    (tmp_path / "a.json").write_text(document(row(1, "Tumour 1", 0.9), row(2, "Tumour 2", 0.4)))
    assert scores(tmp_path / "a.seg.dcm", named) == [0.4, 0.9]


def test_scores_that_the_file_holds_itself_stay(tmp_path):
    (tmp_path / "a.json").write_text(document(row(1, "Label 1", 0.9)))
    assert scores(tmp_path / "a.medseg", labels({1: (0, 4)}, score=0.3)) == [0.3]


@pytest.mark.parametrize(
    "text",
    [
        "", "no json", "[1]", "3", '{"segments": [{"value": 1, "name": "Label 1", "score": 1}]}',
        '{"model": 1, "segments": 5}',
        '{"model": 1, "segments": [5, {"value": [1], "name": {}, "score": 1}]}',
        "[" * 100_000, '{"model": 1, "segments": [{"value": 1, "name": "Label 1", "score": null}]}',
    ],
)  # fmt: skip
def test_a_json_of_something_else_changes_nothing(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    assert scores(tmp_path / "a.nii", labels({1: (0, 4)})) == [None]


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([row(1, "Tumour 1", 0.9), row(2, "Tumour 2", 0.4)], "instance"),
        ([row(2, "Tumour 1", 0.4), row(1, "Node 1", 0.9)], "instance"),
        ([row(1, "Tumour 1", 0.4), row(2, "Tumour 2", 0.9)], "semantic"),
        ([row(1, "Liver", 0.9), row(2, "Spleen", 0.4)], "semantic"),
        ([row(1, "Tumour 1", 0.9), row(3, "Tumour 2", 0.4)], "semantic"),
        ([row(1, "Tumour 1", 0.9), row(2, "Tumour 2", None)], "semantic"),
    ],
)
def test_rows_that_are_numbered_as_findings_are_make_findings(tmp_path, rows, kind):
    (tmp_path / "a.json").write_text(document(*rows))
    found = with_scores(tmp_path / "a.nii.gz", labels({1: (0, 4), 2: (6, 9)}))
    assert {segment.kind for segment in found.segments} == {kind}


@pytest.mark.parametrize("score", ["NaN", "Infinity", '"0.3"', "true", "[]"])
def test_a_score_that_is_no_number_is_refused(tmp_path, score):
    text = document(row(1, "x", "SCORE")).replace('"SCORE"', score)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=r"a\.json"):
        with_scores(tmp_path / "a.nii", labels({1: (0, 4)}))
