"""Which files belong together."""

from __future__ import annotations

from pathlib import Path

import pytest

from medseg_app.app.case_name import case_name
from medseg_app.app.pair_cases import pair_cases
from medseg_app.core.errors import InputError


def folder(path: Path, *names: str) -> Path:
    path.mkdir()
    for name in names:
        (path / name).write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("a.nii.gz", "a"), ("a.b.nii", "a.b"), ("a.seg.dcm", "a"), ("A.SEG.NRRD", "A"), ("a.nrrd", "a"),
        ("a.mha", "a"), ("a.medseg", "a"), ("a.dcm", "a"), ("a.json", "a"), ("a.txt", "a.txt"), ("a", "a"),
    ],
)  # fmt: skip
def test_a_case_is_called_by_its_file_without_suffix(name, case):
    assert case_name(Path(name)) == case


def test_cases_pair_whatever_their_formats_and_the_rest_is_named(tmp_path):
    mine = folder(tmp_path / "p", "b.nii.gz", "a.seg.dcm", "only.nrrd", "plans.json", ".hidden.nii", "x.txt")
    theirs = folder(tmp_path / "t", "a.mha", "b.nii.gz", "missed.nii.gz", "dataset.json")
    pairing = pair_cases(mine, theirs)
    assert [(p.name, p.prediction.name, p.truth.name) for p in pairing.pairs] == [
        ("a", "a.seg.dcm", "a.mha"),
        ("b", "b.nii.gz", "b.nii.gz"),
    ]
    assert {(one.path.name, one.reason) for one in pairing.left_out} == {
        ("only.nrrd", "there is no truth of this name"),
        ("missed.nii.gz", "there is no prediction of this name"),
    }


def test_of_several_formats_the_one_that_both_have_is_taken(tmp_path):
    mine = folder(tmp_path / "p", "a.seg.dcm", "a.nii.gz", "b.seg.dcm", "b.nii.gz")
    theirs = folder(tmp_path / "t", "a.nii.gz", "b.seg.dcm", "b.nii.gz")
    pairs = {p.name: (p.prediction.name, p.truth.name) for p in pair_cases(mine, theirs).pairs}
    assert pairs == {"a": ("a.nii.gz", "a.nii.gz"), "b": ("b.seg.dcm", "b.seg.dcm")}


def test_names_that_only_begin_alike_do_not_pair(tmp_path):
    with pytest.raises(InputError, match="has the name of a file"):
        pair_cases(folder(tmp_path / "p", "a1.nii"), folder(tmp_path / "t", "a.nii", "a10.nii"))


def test_folders_called_like_files_are_no_files(tmp_path):
    (folder(tmp_path / "p", "b.nii") / "a.nii").mkdir()
    assert [p.name for p in pair_cases(tmp_path / "p", folder(tmp_path / "t", "a.nii", "b.nii")).pairs] == [
        "b"
    ]
