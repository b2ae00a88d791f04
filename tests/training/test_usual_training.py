"""What a data set without a recipe is taught with: heeded, buildable, and by the number of its patients."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medseg_app.engines.model_card import Network
from medseg_app.engines.networks import build_network
from medseg_app.training.auxiliary_heads import with_auxiliary_heads
from medseg_app.training.fingerprint import recipe_for
from medseg_app.training.plan_unet import plan_unet
from medseg_app.training.recipe import Loss
from medseg_app.training.unheeded import refuse_unheeded
from medseg_app.training.usual_training import depths_of, judged, usual_augment, usual_loss, usual_training
from tests.training.test_fine_tuning import DEEP, FLAT, write_set


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_nothing_of_a_made_recipe_is_without_effect(tmp_path, task, modality):
    recipe = recipe_for(write_set(tmp_path, {"Lesion": 1}, modality=modality), task)
    refuse_unheeded(recipe)
    assert (recipe.augment.paste > 0) == (task == "instance")
    assert (recipe.augment.bias > 0) == (modality == "MR")
    assert not recipe.augment.flip


@pytest.mark.parametrize("shape", [(6, 200, 200), (20, 60, 60), (100, 100, 100), (400, 512, 512)])
def test_the_planned_network_can_be_judged_at_the_usual_depths(shape):
    plan = plan_unet(shape, (3.0, 1.0, 1.0))
    loss = usual_loss(plan)
    assert loss.deep == 2
    assert depths_of(len(plan.strides)) >= loss.deep


def test_a_few_patients_are_all_learnt_from_and_of_many_a_tenth_is_watched():
    assert [usual_training(None, count).watch for count in (1, 9, 10, 40)] == [0, 0, 1, 4]
    assert [usual_training(None, count).patience for count in (9, 10)] == [0, 20]


def test_findings_have_no_depths():
    assert usual_loss(None) == Loss()
    assert usual_augment("semantic", "CT").paste == 0


def test_a_network_to_go_on_with_is_judged_as_deep_as_it_is_and_says_so(tmp_path):
    recipe = replace(recipe_for(write_set(tmp_path, {"Lesion": 1})), network=FLAT)
    loss, words = judged(recipe.loss, FLAT)
    assert loss == replace(recipe.loss, deep=0)
    assert "UNet" in words
    assert judged(recipe.loss, DEEP) == (recipe.loss, "")
    shallow = Network("DynUNet", {**DEEP.arguments, "strides": [1, 2, 2]})
    assert judged(Loss(deep=2), shallow)[0].deep == 1
    with_auxiliary_heads(replace(recipe, loss=loss), build_network(FLAT))
