"""U-Nets for slices: their patches fit together, and they learn from a recipe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg_app.core.errors import InputError
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.predict import predict
from medseg_app.training.dataset import Case, find_cases, read_cases
from medseg_app.training.recipe import Recipe, read_recipe
from medseg_app.training.semantic import SemanticTask
from medseg_app.training.train import run_training
from tests.training.tiny import write_cases, write_recipe


@pytest.fixture
def path(tmp_path):
    write_cases(tmp_path, 5)
    path = write_recipe(tmp_path, "semantic", steps=150)
    text = path.read_text()
    for before, after in {
        "spatial_dims = 3": "spatial_dims = 2",
        "in_channels = 1": "in_channels = 3",
        "neighbours = 0": "neighbours = 1",
        "channels = [4, 8]": "channels = [8, 16]",
        "patch = [8, 16, 16]": "patch = [2, 32, 24]",
        "first_patch = [4, 16, 16]": "first_patch = [1, 16, 16]",
    }.items():
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)
    return path


def in_layers(case: Case) -> Case:
    """The case with slices that are all class or all background, by chance, bright and dark."""
    shown = np.random.default_rng(5).integers(0, 2, (len(case.labels), 1, 1)) > 0
    labels = np.broadcast_to(shown, case.labels.shape).astype(case.labels.dtype)
    return replace(case, labels=labels, image=np.where(labels, 400, -200).astype(case.image.dtype))


def test_a_batch_holds_slices_with_their_neighbours_and_the_labels_of_the_middle(path):
    path.write_text(path.read_text().split("[augment]")[0])
    recipe = read_recipe(path)
    task = SemanticTask(recipe, [in_layers(case) for case in read_cases(find_cases(recipe).train, recipe)])
    first = task.batch(np.random.default_rng(0), 0.0)
    assert (first.images.shape, first.targets.shape) == ((2, 3, 16, 16), (2, 16, 16))
    agreement = np.zeros(3)
    for seed in range(8):
        batch = task.batch(np.random.default_rng(seed), 1.0)
        assert batch.images.shape == (4, 3, 32, 24)
        assert batch.targets.shape == (4, 32, 24)
        assert batch.annotated.shape == (4, 3)
        lower, upper = batch.images[0::2], batch.images[1::2]
        assert (lower[:, 1] == upper[:, 0]).all()
        assert (lower[:, 2] == upper[:, 1]).all()
        bright, labelled = batch.images > 0, batch.targets[:, None] > 0
        agreement += (bright == labelled).float().mean(dim=(0, 2, 3)).numpy() / 8
    assert agreement[1] > 0.95
    assert max(agreement[0], agreement[2]) < 0.8


def outlines_another_patient(recipe, folder) -> list[float]:
    """Dice of block and rod in the patient that was kept for validation."""
    (patient,) = find_cases(recipe).validation
    volume, truth = patient.read()
    found = np.zeros(volume.geometry.shape, int)
    for candidate in predict(volume, folder, device="cpu").candidates:
        found[candidate.box.slices][candidate.mask] = candidate.class_value
    pairs = [(found == value, truth.layers[0] == value) for value in (1, 2)]
    return [2 * (one & other).sum() / (one.sum() + other.sum()) for one, other in pairs]


def test_a_recipe_trains_a_model_that_outlines_another_patient(path, tmp_path):
    recipe = read_recipe(path)
    folder = read_model_folder(run_training(recipe, tmp_path / "model"))
    assert folder.card.grid.patch is None, "slices are looked at whole"
    assert min(outlines_another_patient(recipe, folder)) > 0.8


def of_2015(path, edge: int) -> Recipe:
    """The recipe for UNet2015 with a patch of this edge."""
    before, after = path.read_text().split("[network]")
    network = '[network]\nname = "UNet2015"\narguments = { in_channels = 3, out_channels = 3, width = 8 }\n'
    text = before + network + "\n[training]" + after.split("[training]")[1]
    for was, now in {
        "patch = [2, 32, 24]": f"patch = [1, {edge}, {edge}]",
        "first_patch = [1, 16, 16]": "",
        "learning_rate = 1e-2": "learning_rate = 4e-3",
        "steps = 150": "steps = 120",
    }.items():
        assert was in text
        text = text.replace(was, now)
    path.write_text(text)
    return read_recipe(path)


def test_the_unet_of_2015_learns_from_the_middle_of_its_patches(path, tmp_path):
    recipe = of_2015(path, 204)
    folder = read_model_folder(run_training(recipe, tmp_path / "model"))
    assert min(outlines_another_patient(recipe, folder)) > 0.7


def test_a_patch_that_it_does_not_take_is_named(path, tmp_path):
    with pytest.raises(InputError, match=r"UNet2015 .*200, 200"):
        run_training(of_2015(path, 200), tmp_path / "model")
