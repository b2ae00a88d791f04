"""Mask2Former and MaskFormer learn to outline a block, from a recipe too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from medseg_app.core.errors import InputError
from medseg_app.engines.model_card import Network
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.networks import build_network
from medseg_app.engines.predict import predict
from medseg_app.training.dataset import find_cases, read_cases
from medseg_app.training.instance import InstanceTask
from medseg_app.training.instance_losses import loss_of
from medseg_app.training.recipe import read_recipe
from medseg_app.training.train import run_training
from tests.training.block_slices import empty_slice, learn_blocks, slice_with_block
from tests.training.tiny import write_image

SMALL = {"in_channels": 1, "num_classes": 2, "width": 32, "queries": 4, "decoder_layers": 2, "body_width": 16}
STEPS = 120
RECIPE = """
name = "tiny-blobs"
version = "1"
engine = "mask2former"
task = "instance"
modality = ["CT"]
licence = "Apache-2.0"

[labels.1]
name = "Blob"
colour = [200, 60, 60]
kind = "instance"

[network]
name = "Mask2Former"
[network.arguments]
in_channels = 1
num_classes = 2
width = 32
queries = 4
decoder_layers = 2
body_width = 16

[preprocessing]
channels.CT = [{ kind = "window", low = -200, high = 400 }]

[thresholds]
min_score = 0.5
min_slices = 2

[source]
pairs = [{ modality = "CT", image = "*_image.nii.gz", labels = "*_mask.nii.gz" }]

[training]
steps = 120
batch = 2
patch = [2, 64, 64]
learning_rate = 2e-3
warmup = 5
ema = 0.9
"""


def write_blobs(folder: Path, count: int) -> None:
    """Patients p0, p1, ... with one bright ball in noise, anywhere."""
    for number in range(count):
        rng = np.random.default_rng(number)
        centre = rng.uniform((5, 18, 18), (7, 46, 42))
        distance = (np.indices((12, 64, 60)) - centre[:, None, None, None]) * [[[[3]]], [[[1]]], [[[1]]]]
        labels = (np.linalg.norm(distance, axis=0) < rng.uniform(10, 14)).astype(np.uint8)
        image = rng.normal(0, 30, labels.shape) + np.where(labels, 200, -50)
        image[:, :1] = -1024  # air, by which CT is known
        write_image(folder / f"p{number}_image.nii.gz", image.astype(np.int16))
        write_image(folder / f"p{number}_mask.nii.gz", labels)


@pytest.fixture(
    scope="module", params=[("Mask2Former", "swin"), ("Mask2Former", "resnet"), ("MaskFormer", "resnet")]
)
def learned(request):
    """The network after some steps, and the losses on its way."""
    torch.manual_seed(0)
    name, backbone = request.param
    network = build_network(Network(name, {**SMALL, "backbone": backbone})).train()
    losses = learn_blocks(network, "mask2former", STEPS)
    return network.eval(), losses


def test_the_loss_falls(learned):
    _, losses = learned
    assert np.mean(losses[-10:]) < 0.4 * np.mean(losses[:5])


def test_it_learns_where_a_block_is_and_its_outline(learned):
    image, target = slice_with_block(21, 7)
    with torch.inference_mode():
        (found,) = learned[0]([image])
    assert found["scores"][0] > 0.5
    mask, truth = found["masks"][0, 0] > 0.5, target["masks"][0] > 0
    assert (mask & truth).sum() / (mask | truth).sum() > 0.8
    assert (found["boxes"][0] - target["boxes"][0]).abs().max() <= 2


def test_it_keeps_silent_where_there_is_none(learned):
    """Nearly always: so short a training ends a little differently on every processor."""
    with torch.inference_mode():
        scores = [found["scores"] for found in learned[0]([empty_slice() for _ in range(6)])]
    assert sum(bool((score > 0.5).any()) for score in scores) <= 2
    assert not (torch.cat(scores) > 0.7).any()


@pytest.fixture
def recipe(tmp_path):
    write_blobs(tmp_path, 5)
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return read_recipe(path)


def test_a_recipe_trains_a_model_that_finds_the_blob_of_another_patient(recipe, tmp_path):
    folder = read_model_folder(run_training(recipe, tmp_path / "model"))
    (patient,) = find_cases(recipe).validation
    volume, truth = patient.read()
    (candidate,) = predict(volume, folder, device="cpu").candidates
    found, blob = np.zeros(volume.geometry.shape, bool), truth.layers[0] > 0
    found[candidate.box.slices] = candidate.mask
    assert 2 * (found & blob).sum() / (found.sum() + blob.sum()) > 0.8


def test_an_engine_that_learns_no_instances_is_named(recipe):
    with pytest.raises(InputError, match="unet"):
        loss_of("unet")
    cases = read_cases(find_cases(recipe).train, recipe)
    with pytest.raises(InputError, match="unet"):
        InstanceTask(replace(recipe, engine="unet"), cases)
