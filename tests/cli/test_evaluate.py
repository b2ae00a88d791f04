"""`medseg evaluate` of two folders: streams, exit codes, scores from predict, and the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medseg_app.app.label_pair import read_pair
from medseg_app.cli.parser import build_parser
from tests.app.cases import write_case
from tests.app.label_files import write


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    mine, theirs = tmp_path / "p", tmp_path / "t"
    for name, start in (("a", 0), ("b", 4)):
        write(mine / f"{name}.nii.gz", {1: (start, start + 8)})
        write(theirs / f"{name}.nii.gz", {1: (0, 8)})
    return mine, theirs


def test_folders_are_one_document_on_standard_output(medseg, folders):
    ran = medseg("evaluate", *folders, "--json")
    assert ran.code == 0, ran.err
    assert set(ran.document) == {"cases", "labels", "findings", "mean", "left_out", "settings"}
    assert ran.document["labels"]["1"]["dice"]["value"] == pytest.approx((1 + 4 / 8) / 2)
    assert "Compare a" in ran.err


def test_people_read_means_and_the_worst(medseg, folders):
    ran = medseg("evaluate", *folders)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert "0.750" in next(line for line in lines if line.startswith("mean"))
    assert lines[-2:] == [" 0.500  b", " 1.000  a"]
    assert "sensitivity" in ran.out


def test_what_has_no_partner_is_exit_3_and_named(medseg, folders):
    write(folders[0] / "only.nii.gz", {1: (0, 8)})
    write(folders[1] / "missed.nrrd", {1: (0, 8)})
    ran = medseg("--quiet", "evaluate", *folders, "--json")
    assert ran.code == 3
    assert {Path(one["path"]).name for one in ran.document["left_out"]} == {"only.nii.gz", "missed.nrrd"}
    left_out = [line for line in ran.err.splitlines() if line.startswith("left out: ")]
    assert len(left_out) == 2


def test_folders_that_have_nothing_in_common_are_exit_2(medseg, folders, tmp_path):
    (tmp_path / "empty").mkdir()
    for pair in ((tmp_path / "empty", folders[1]), (folders[0], tmp_path / "empty")):
        ran = medseg("evaluate", *pair, "--json")
        assert ran.code == 2
        assert set(ran.document) == {"error"}
        assert "empty" in ran.err


def test_a_folder_and_a_file_are_exit_2(medseg, folders):
    ran = medseg("evaluate", folders[0], folders[1] / "a.nii.gz")
    assert ran.code == 2
    assert "folder" in ran.err


def test_unknown_by_case_and_by_run(medseg, folders, tmp_path):
    (tmp_path / "u.json").write_text('{"b": [1]}')
    ran = medseg("evaluate", *folders, "--unknown-by-case", tmp_path / "u.json", "--json")
    assert ran.document["labels"]["1"]["dice"]["value"] == 1.0
    assert ran.document["cases"]["b"]["labels"] == {}
    assert medseg("evaluate", *folders, "--unknown", "1", "--json").document["labels"] == {}
    (tmp_path / "u.json").write_text('{"b": 1}')
    ran = medseg("evaluate", *folders, "--unknown-by-case", tmp_path / "u.json")
    assert ran.code == 2
    assert "u.json" in ran.err


@pytest.mark.parametrize("place", ["files", "folders"])
def test_tolerance_and_hit_iou_are_followed(medseg, folders, place):
    pair = folders if place == "folders" else [folder / "b.nii.gz" for folder in folders]
    words = ["evaluate", *pair, "--json"]
    usual, own = (medseg(*words, *more).document for more in ([], ["--tolerance", "4.5", "--hit-iou", "0.4"]))
    rows = [d["cases"]["b"] if place == "folders" else d for d in (usual, own)]
    assert rows[0]["labels"]["1"]["nsd"] < rows[1]["labels"]["1"]["nsd"] == 1.0
    assert [row["findings"]["hit_iou"] for row in rows] == [0.3, 0.4]
    assert [row["findings"]["hits"] for row in rows] == [1, 0]


@pytest.mark.parametrize(
    "words",
    [
        ["--tolerance", "-1"], ["--tolerance", "inf"], ["--tolerance", "nan"], ["--tolerance", "x"],
        ["--hit-iou", "0"], ["--hit-iou", "1.1"], ["--hit-iou", "nan"], ["--report", ""], ["--images", ""],
        ["--unknown-by-case", ""],
    ],
)  # fmt: skip
def test_wrong_choices_are_exit_2(medseg, folders, words):
    assert medseg("evaluate", *folders, *words).code == 2


def test_the_report_is_written_and_its_files_are_named(medseg, folders, tmp_path):
    ran = medseg("evaluate", *folders, "--report", tmp_path / "r")
    assert ran.code == 0, ran.err
    for name in ("report.html", "cases.csv", "classes.csv"):
        assert str(tmp_path / "r" / name) in ran.out
        assert (tmp_path / "r" / name).stat().st_size > 0


def test_a_report_that_cannot_be_is_exit_2_before_any_work(medseg, folders, tmp_path):
    ran = medseg("evaluate", *folders, "--report", tmp_path / "no" / "r", "--json")
    assert ran.code == 2
    assert "Compare" not in ran.err
    ran = medseg("evaluate", *folders, "--images", tmp_path)
    assert ran.code == 2
    assert "--report" in ran.err


def test_choices_for_folders_with_two_files_are_exit_2(medseg, folders, tmp_path):
    files = [folder / "a.nii.gz" for folder in folders]
    for words in (["--report", tmp_path / "r"], ["--unknown-by-case", tmp_path / "u.json"]):
        ran = medseg("evaluate", *files, *words)
        assert ran.code == 2
        assert words[0] in ran.err


def test_scores_of_predict_are_read_from_case_json_or_ranks(medseg, study, models, tmp_path):
    """The same findings from a case, a NIfTI with predict's JSON beside it, and a NIfTI alone."""
    outs = [
        tmp_path / name / f"x{end}" for name, end in (("c", ".medseg"), ("j", ".nii.gz"), ("n", ".nii.gz"))
    ]
    outs.insert(2, tmp_path / "j" / "x.json")
    for out in outs:
        out.parent.mkdir(exist_ok=True)
    words = [word for out in outs for word in ("-o", out)]
    found = ["--model", "tiny-lesions", "--models", models, "--min-score", "0"]
    ran = medseg("predict", study, *found, *words, "--json")
    assert ran.code == 0, ran.err
    rows = ran.document["segments"]
    assert rows
    scores = {row["value"]: row["score"] for row in rows}
    case, scored, alone = (read_pair(out, out).prediction for out in (outs[0], outs[1], outs[3]))
    assert {s.value: round(s.score, 6) for s in case.segments} == scores
    assert {s.value: s.score for s in scored.segments} == scores
    assert {s.score for s in alone.segments} == {None}
    truth = outs[3].parent
    answers = [
        medseg("evaluate", out.parent, truth, "--json").document["findings"]
        for out in (outs[0], outs[1], outs[3])
    ]
    assert [answer["scores"] for answer in answers] == ["file", "file", "rank"]


def test_help_tells_every_choice_in_words():
    parser = build_parser()._subparsers._group_actions[0].choices["evaluate"]
    for action in parser._actions:
        if action.dest not in ("debug", "quiet", "version"):
            assert action.help, action.dest
    text = parser.format_help()
    for word in ("--unknown-by-case", "--tolerance", "--hit-iou", "--findings", "--report", "surface voxels"):
        assert word in text


def test_from_python_it_is_the_same(medseg, folders, tmp_path):
    import medseg_app as ms

    from_python = ms.evaluate(*folders, hit_iou=0.5, report=str(tmp_path / "r"))
    assert from_python == medseg("evaluate", *folders, "--hit-iou", "0.5", "--json").document
    assert (tmp_path / "r" / "report.html").is_file()
    json.dumps(from_python, allow_nan=False)


def test_findings_on_a_truth_of_another_class_are_no_hits_and_named(medseg, tmp_path):
    write(tmp_path / "p.nii.gz", {1: (0, 8), 2: (10, 18)})
    write(tmp_path / "t.nii.gz", {2: (0, 8), 1: (10, 18)})
    words = ["evaluate", tmp_path / "p.nii.gz", tmp_path / "t.nii.gz", "--json"]
    ran = medseg(*words)
    found = ran.document["findings"]
    assert (found["hits"], found["f1"], found["pq"], found["ap"]["0.5"]) == (0, 0.0, 0.0, 0.0)
    assert "2 findings lie where the truth holds another class" in ran.err
    pooled = medseg(*words, "--findings")
    assert (pooled.document["findings"]["hits"], pooled.document["findings"]["pq"]) == (2, 1.0)
    assert "another class" not in pooled.err


def test_what_the_truth_of_a_case_does_not_name_is_told_once(medseg, tmp_path):
    mine = write_case(tmp_path / "p.medseg", ("Block", (0, 8)), ("Rod", (10, 14)), ("Node", (16, 18)))
    theirs = write_case(tmp_path / "t.medseg", ("Block", (0, 8)))
    ran = medseg("evaluate", mine, theirs, "--json")
    assert ran.code == 0
    assert set(ran.document["labels"]) == {"1"}
    told = [line for line in ran.err.splitlines() if "unknown" in line]
    assert told == ["note: left out as unknown, as the truth has no segment of it: Rod, Node"]
    ran = medseg("evaluate", mine, write_case(theirs, ("Liver", (0, 8))), "--json")
    assert ran.code == 2
    assert "Liver" in ran.document["error"]["message"]
