"""A data set names a class that none of its masks holds: a model that knows it goes on, a new one refuses."""

from __future__ import annotations

import pytest

from medseg_app.app.measure import measure
from medseg_app.app.train import HowToTrain, remarks_of, train_model
from medseg_app.core.errors import InputError
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.training.dataset import find_cases, read_case
from medseg_app.training.fine_tuning import begun_from
from medseg_app.training.fingerprint import recipe_for
from tests.training.test_fine_tuning import base, write_set

NAMED = {"block": 1, "Tumor": 2}


@pytest.fixture
def data(tmp_path):
    """The second class is in no mask."""
    return write_set(tmp_path / "data", NAMED, values=(1,))


def train(data, model, out):
    return train_model(data, HowToTrain(base=str(model), max_minutes=0.02, device="cpu", output=out))


def test_a_model_that_knows_it_goes_on_and_keeps_it(data, tmp_path):
    model = base(tmp_path / "model", names=("Tumour", "Block"))
    out = train(data, model, tmp_path / "tuned")
    tuned = read_model_folder(out).card
    assert tuned.labels == read_model_folder(model).card.labels
    told = "\n".join(remarks_of(out))
    assert "named by the data set, but in none of its masks: Tumor (2)" in told
    assert "Tumour of model: not in the data set, not taught" in told
    assert measure(data, str(out), device="cpu")["model"] == tuned.name


def test_it_is_unknown_rather_than_background(data, tmp_path):
    model = read_model_folder(base(tmp_path / "model", names=("Tumour", "Block")))
    recipe = begun_from(recipe_for(data, "semantic", known=model.card.class_names), model)
    assert (recipe.source.values, recipe.taught) == ({1: 2}, {2})
    case = read_case(find_cases(recipe).train[0], recipe)
    assert case.annotated == {2}


def test_nobody_who_knows_it_is_an_error_with_ways_out(data, tmp_path):
    for names in ((), ("Block", "Vessel")):
        with pytest.raises(InputError, match=r"holds Tumor \(2\)") as refused:
            recipe_for(data, "semantic", known=names)
        assert "--from" in refused.value.hint
    with pytest.raises(InputError, match=r"holds Tumor \(2\)"):
        train(data, base(tmp_path / "model", names=("Block",)), tmp_path / "tuned")
    assert not (tmp_path / "tuned").exists()
