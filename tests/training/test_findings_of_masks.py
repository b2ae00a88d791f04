"""What counts as a finding in masks: parts of a class, or values where these number the findings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medseg_app.core.box import Box
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.training.dataset import find_cases, read_case
from medseg_app.training.fingerprint import NUMBERED, recipe_for
from medseg_app.training.instance_figures import pieces
from medseg_app.training.train import run_training
from tests.training.test_fine_tuning import FAMILIES, pairs, write_set


def first_truths(recipe, box=None):
    *_, piece = pieces(find_cases(recipe).train[0], {"part": box} if box else {}, recipe.values)
    return piece.truths


@pytest.mark.parametrize("named", [True, False])
def test_two_lesions_in_the_mask_of_a_class_are_two_findings(tmp_path, named):
    make = write_set if named else pairs
    data = make(tmp_path / "data", values=(1, 1), **({"labels": {"Lesion": 1}} if named else {}))
    recipe = recipe_for(data, "instance")
    assert recipe.source.parts
    assert recipe.notes == ()
    truths = first_truths(recipe)
    assert sorted(truth.box.start[1] for truth in truths) == [3, 15]
    assert [truth.mask.sum() for truth in truths] == [5 * 8 * 8] * 2
    (cut,) = first_truths(recipe, Box((0, 0, 0), (4, 12, 36)))
    assert (cut.box, cut.mask.sum()) == (Box((2, 3, 4), (4, 11, 12)), 2 * 8 * 8)


def test_values_without_names_number_findings_and_it_is_said(tmp_path):
    recipe = recipe_for(pairs(tmp_path / "data", (1, 2)), "instance")
    assert not recipe.source.parts
    assert recipe.notes == (NUMBERED,)
    assert set(recipe.labels) == {1}
    assert [truth.class_key for truth in first_truths(recipe)] == ["1", "1"]


@pytest.mark.parametrize("engine", FAMILIES)
def test_classes_of_findings_are_kept_and_taught(tmp_path, engine):
    data = write_set(tmp_path / "data", {"tumour": 1, "cyst": 2})
    recipe = recipe_for(data, "instance")
    assert {value: label.name for value, label in recipe.labels.items()} == {1: "tumour", 2: "cyst"}
    assert read_case(find_cases(recipe).train[0], recipe).classes == {1: 1, 2: 2}
    assert [truth.class_key for truth in first_truths(recipe)] == ["1", "2"]
    network = FAMILIES[engine]
    sizes = {"in_channels": 3, "num_classes": 3}
    recipe = replace(
        recipe, engine=engine, network=replace(network, arguments={**network.arguments, **sizes}),
        training=replace(recipe.training, steps=1, batch=1), thresholds={"min_score": 0.5},
    )  # fmt: skip
    card = read_model_folder(run_training(recipe, tmp_path / "model")).card
    assert [label.name for label in card.labels.values()] == ["tumour", "cyst"]
