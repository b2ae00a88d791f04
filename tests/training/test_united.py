"""A segment that is always several others together is given as that, not learnt as a class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg_app.engines.model_card import UnionClass
from medseg_app.engines.model_folder import card_problem
from medseg_app.training.annotated import with_classes_of
from medseg_app.training.class_match import match_classes
from medseg_app.training.dataset import find_cases, read_case
from medseg_app.training.fingerprint import recipe_for
from medseg_app.training.model_output import card_of
from medseg_app.training.semantic_figures import measure_case, summary
from medseg_app.training.united import always_united
from tests.training.marked_cases import BOTH, write_marked_case

MARKED = ("Block", "Rod", BOTH)


def write(folder, *cases):
    for number, segments in enumerate(cases):
        write_marked_case(folder / f"{number}.medseg", segments, seed=number)
    return recipe_for(folder)


def named(recipe):
    return {label.name for label in recipe.labels.values()}


def labels_of(recipe):
    return [read_case(one, recipe).labels for one in find_cases(recipe).train]


def test_it_is_a_union_of_the_new_model_and_its_parts_are_learnt(tmp_path):
    recipe = write(tmp_path, MARKED, MARKED, ("Block", "Rod"))
    ((value, union),) = recipe.unions.items()
    assert named(recipe) == {"Block", "Rod"}
    assert (union.name, {recipe.labels[one].name for one in union.of}) == (BOTH, {"Block", "Rod"})
    assert card_problem(card_of(recipe)) == ""
    assert recipe.network.arguments["out_channels"] == 3
    assert any("Both is Block and Rod together" in note for note in recipe.notes)
    for labels in labels_of(recipe):
        assert set(np.unique(labels)) == {0, *recipe.labels}
    assert value not in recipe.taught


def test_where_it_is_corrected_by_itself_it_is_a_class_and_covers_nothing_smaller(tmp_path):
    recipe = write(tmp_path, MARKED, ("Block", "Rod", f"{BOTH} but a corner"))
    assert recipe.unions == {}
    assert named(recipe) == set(MARKED)
    smaller = {value for value, label in recipe.labels.items() if label.name != BOTH}
    for labels in labels_of(recipe):
        assert smaller <= set(np.unique(labels))


@pytest.mark.parametrize(
    ("held", "unions", "expected"),
    [
        ([{1, 2, 5}], [{5: frozenset({1, 2})}], {5: (1, 2)}),
        ([{1, 2, 5}, {1, 2, 3, 5}], [{5: frozenset({1, 2})}, {5: frozenset({1, 3})}], {5: (1, 2, 3)}),
        ([{1, 2, 5}, {1, 2, 5}], [{5: frozenset({1, 2})}, {}], {}),
        ([{1, 2, 5, 6}], [{5: frozenset({1, 2}), 6: frozenset({1, 2, 5})}], {5: (1, 2), 6: (1, 2)}),
        ([{1, 5, 6}], [{5: frozenset({1, 6}), 6: frozenset({1, 5})}], {}),
        ([{1}], [{}], {}),
    ],
)
def test_what_counts_as_always(held, unions, expected):
    assert always_united(held, unions) == expected


def test_figures_of_a_union_are_those_of_its_parts_together(tmp_path, monkeypatch):
    """The model confuses block and rod, which their union does not show."""
    from medseg_app.training import semantic_figures

    recipe = write(tmp_path, MARKED, ("Block",))
    whole, part = find_cases(recipe).train
    truth = semantic_figures._with_unions(whole.truth(), {})
    values = sorted(recipe.labels)
    swapped = replace(
        truth, layers=(np.choose(np.searchsorted([0, *values], truth.layers[0]), [0, *values[::-1]]),)
    )
    found = semantic_figures._with_unions(
        replace(swapped, segments=tuple(s for s in truth.segments if s.group == 0)), recipe.unions
    )
    monkeypatch.setattr(semantic_figures, "run_engine", lambda *_: None)
    monkeypatch.setattr(semantic_figures, "to_label_map", lambda *_: found)
    ((value, union),) = recipe.unions.items()
    rows = measure_case(None, recipe, whole, "cpu", None)
    assert {key: row["dice"] for key, row in rows.items()} == {
        **{str(one): 0.0 for one in values}, str(value): 1.0,
    }  # fmt: skip
    # Where a part was not looked for, nobody knows the whole.
    assert str(value) not in measure_case(None, recipe, part, "cpu", None)
    figures = summary(recipe, {"a": rows})
    assert figures["classes"][union.name]["dice"] == 1.0
    assert union.name not in figures["headline_classes"]
    assert figures["mean_dice"] == 0.0


def test_who_goes_on_from_a_model_keeps_its_unions_and_is_told_of_no_strange_segment(tmp_path):
    recipe = write(tmp_path, MARKED, MARKED)
    card = card_of(recipe)
    assert all(BOTH not in note for note in match_classes(recipe, card).notes)
    assert with_classes_of(replace(recipe, unions={}), card).unions == card.unions
    assert isinstance(next(iter(card.unions.values())), UnionClass)
