"""What a recipe says is heeded or refused; what is for CT is done to CT alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from medseg_app.core.errors import InputError, ModalityError
from medseg_app.engines.preprocess import Preprocessing
from medseg_app.training.dataset import find_cases, read_cases
from medseg_app.training.recipe import Augment, read_recipe
from medseg_app.training.semantic import SemanticTask
from tests.training.tiny import write_cases, write_recipe


@pytest.mark.parametrize(
    ("task", "section", "line", "said"),
    [
        ("instance", "[augment]", "metal = 0.2", "metal is for the task semantic"),
        ("instance", "[augment]", "air = true", "air is for the task semantic"),
        ("instance", "[augment]", "bias = 0.2", "bias is for MR"),
        ("instance", "[augment]", "\n[loss]\nfocal = 2\n[augment]", "focal is for the task semantic"),
        ("instance", "[augment]", "\n[thresholds]\nleast = 2\n[augment]", "least is no threshold"),
        ("semantic", "[augment]", "synthetic = 0.2", "synthetic is for models of findings"),
        ("semantic", "[augment]", "paste = 0.2", "paste is for models of findings"),
        ("semantic", "[training]", "patience = 3", "patience needs patients to watch"),
        ("semantic", 'modality = ["CT"]', 'modality = ["MR"]', "air is for CT"),
        ("semantic", "[augment]", "metall = 0.2", "metall"),
    ],
)
def test_what_nothing_heeds_is_refused_by_its_name(tmp_path, task, section, line, said):
    path = write_recipe(tmp_path, task)
    replaced = line if "modality" in line or line.startswith("\n") else f"{section}\n{line}"
    path.write_text(path.read_text().replace(section, replaced))
    with pytest.raises(InputError, match=said) as refused:
        read_recipe(path)
    assert str(path) in refused.value.message


def test_the_least_volume_of_a_finding_is_heeded(tmp_path):
    path = write_recipe(tmp_path, "instance")
    path.write_text(path.read_text() + "\n[thresholds]\nmin_ml = 0.5\n")
    assert read_recipe(path).thresholds == {"min_ml": 0.5}


def test_the_recipes_of_the_models_say_nothing_in_vain(repository):
    paths = sorted((repository / "resources/recipes").glob("*/recipe.toml"))
    assert len(paths) >= 8
    assert all(read_recipe(path).labels for path in paths)


@pytest.mark.parametrize(("modality", "changes"), [("CT", True), ("MR", False)])
def test_metal_air_and_dose_are_for_ct_alone(tmp_path, modality, changes):
    write_cases(tmp_path)
    recipe = read_recipe(write_recipe(tmp_path))
    channels = {key: [{"kind": "window", "low": -1024, "high": 3000}] for key in ("CT", "MR")}
    recipe = replace(recipe, preprocessing={"channels": channels})
    cases = [replace(case, modality=modality) for case in read_cases(find_cases(recipe).train, recipe)]
    batches = []
    for augment in (Augment(), Augment(metal=1.0, dose=50.0, air=True)):
        torch.manual_seed(0)
        task = SemanticTask(replace(recipe, augment=augment), cases)
        batches.append(task.batch(np.random.default_rng(1), 1.0).images)
    assert torch.equal(*batches) is not changes


def test_images_that_a_model_does_not_read_are_refused_with_a_way_out():
    reads = Preprocessing.from_json({"channels": {"CT": [{"kind": "window", "low": 0, "high": 1}]}})
    with pytest.raises(ModalityError, match="reads CT, not MR") as refused:
        reads.measured(np.zeros((2, 2, 2)), "MR")
    assert "Choose a model for these images" in refused.value.hint
