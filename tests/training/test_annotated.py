"""Absent is not empty: what a case, a file and a base model say of classes without a voxel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medseg_app.core.errors import InputError
from medseg_app.engines.model_card import LabelClass, ModelCard, Network
from medseg_app.training.annotated import with_classes_of
from medseg_app.training.dataset import find_cases, read_case
from medseg_app.training.fingerprint import recipe_for
from medseg_app.training.how_read import how_read
from medseg_app.training.semantic_figures import measure_case
from tests.training.marked_cases import write_marked_case
from tests.training.tiny import write_cases

BLOCK, ROD = 1, 2


def known(recipe):
    split = find_cases(recipe)
    references = sorted((*split.train, *split.validation), key=lambda r: r.name)
    return [read_case(reference, recipe).annotated for reference in references]


def saying(recipe, absent):
    return replace(recipe, source=replace(recipe.source, absent=absent))


@pytest.fixture
def cases(tmp_path):
    write_marked_case(tmp_path / "a.medseg", ("Block", "Rod"))
    write_marked_case(tmp_path / "b.medseg", ("Block",))
    write_marked_case(tmp_path / "c.medseg", ("Block", "Rod (empty)"))
    return tmp_path


def test_in_cases_a_class_without_a_segment_is_unknown_and_one_without_voxels_is_empty(cases):
    recipe = recipe_for(cases)
    assert known(recipe) == [{BLOCK, ROD}, {BLOCK}, {BLOCK, ROD}]
    assert known(saying(recipe, "unknown")) == [{BLOCK, ROD}, {BLOCK}, {BLOCK}]
    assert known(saying(recipe, "empty")) == [{BLOCK, ROD}] * 3


def test_figures_leave_out_what_is_unknown(cases, monkeypatch):
    """A model that sees rods everywhere is wrong in the case that says so, and only there."""
    from medseg_app.training import semantic_figures

    recipe = recipe_for(cases)
    with_rods = find_cases(recipe).train[0].read()[1]
    monkeypatch.setattr(semantic_figures, "run_engine", lambda *_: None)
    monkeypatch.setattr(semantic_figures, "to_label_map", lambda *_: with_rods)
    _, b, c = find_cases(recipe).train
    assert set(measure_case(None, recipe, b, "cpu", None)) == {str(BLOCK)}
    assert measure_case(None, recipe, c, "cpu", None)[str(ROD)]["dice"] == 0
    assert set(measure_case(None, saying(recipe, "empty"), b, "cpu", None)) == {str(BLOCK), str(ROD)}


def test_classes_are_measured_without_counting_findings(cases, monkeypatch):
    """A model that learnt for a minute leaves 100,000 specks, and pairing them takes longer than its run."""
    from medseg_app.metrics import file_findings
    from medseg_app.training import semantic_figures

    recipe = recipe_for(cases)
    a = find_cases(recipe).train[0]
    monkeypatch.setattr(semantic_figures, "run_engine", lambda *_: None)
    monkeypatch.setattr(semantic_figures, "to_label_map", lambda *_: a.truth())
    monkeypatch.setattr(file_findings, "components", lambda *_: pytest.fail("findings were looked for"))
    assert measure_case(None, recipe, a, "cpu", None)[str(BLOCK)]["dice"] == 1.0


def test_a_case_in_which_nothing_was_looked_for_is_left_out_and_counted(cases):
    write_marked_case(cases / "d.medseg", ())
    recipe = recipe_for(cases)
    split = find_cases(recipe)
    assert [reference.name for reference in split.left_out] == ["d.medseg CT"]
    assert "so 1 case is left out" in how_read(recipe, split)
    assert not find_cases(saying(recipe, "empty")).left_out


def test_findings_are_learnt_from_cases_that_were_looked_through(tmp_path):
    write_marked_case(tmp_path / "a.medseg", ("Block", "Rod"), kind="instance")
    write_marked_case(tmp_path / "b.medseg", ("Block",), kind="instance")
    write_marked_case(tmp_path / "c.medseg", ("Block (empty)",), kind="instance")
    write_marked_case(tmp_path / "d.medseg", (), kind="instance")
    recipe = recipe_for(tmp_path)
    assert recipe.task == "instance"
    for absent, names in (("unnamed", "abc"), ("unknown", "a"), ("empty", "abcd")):
        split = find_cases(saying(recipe, absent))
        assert [reference.name[0] for reference in split.train] == list(names)


def test_where_no_case_was_looked_through_the_way_out_is_named(tmp_path):
    write_marked_case(tmp_path / "a.medseg", ("Block",), kind="instance")
    write_marked_case(tmp_path / "b.medseg", ("Rod",), kind="instance")
    recipe = saying(recipe_for(tmp_path), "unknown")
    with pytest.raises(InputError) as refused:
        find_cases(recipe)
    assert "--absent empty" in refused.value.hint


def test_in_files_of_labels_absent_is_empty_unless_it_is_said(tmp_path):
    write_cases(tmp_path, 3, without_rod=(1,))
    recipe = recipe_for(tmp_path)
    assert known(recipe) == [{BLOCK, ROD}] * 3
    assert known(saying(recipe, "unknown")) == [{BLOCK, ROD}, {BLOCK}, {BLOCK, ROD}]


def label(name):
    return LabelClass(name, (200, 60, 60))


def test_classes_of_a_base_model_that_the_data_does_not_name_are_unknown(tmp_path):
    write_cases(tmp_path / "files", 1)
    write_marked_case(tmp_path / "cases/a.medseg", ("Rod", "Block"))
    labels = {3: label("Stone"), 2: label("Rod"), 1: label("Block")}
    base = ModelCard("base", "1", "unet", "semantic", ("CT",), "Apache-2.0", labels, Network("DynUNet", {}))
    for folder in ("files", "cases"):
        recipe = with_classes_of(recipe_for(tmp_path / folder), base)
        assert recipe.taught == {BLOCK, ROD}
        assert known(recipe) == [{BLOCK, ROD}]
        assert "Stone" in how_read(recipe, find_cases(recipe))[0] or folder == "cases"
