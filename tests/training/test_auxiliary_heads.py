"""Auxiliary heads help to learn and are gone when the network is used."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from medseg_app.core.errors import InputError
from medseg_app.engines.model_card import Network
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.networks import build_network
from medseg_app.engines.predict import predict
from medseg_app.training.auxiliary_heads import with_auxiliary_heads, without_auxiliary_heads
from medseg_app.training.dataset import find_cases
from medseg_app.training.recipe import Loss, read_recipe
from medseg_app.training.train import run_training
from tests.training.tiny import write_cases, write_recipe

DEEP = Network(
    "DynUNet",
    {
        "spatial_dims": 3, "in_channels": 1, "out_channels": 3, "kernel_size": [3] * 3,
        "strides": [1, 2, 2], "upsample_kernel_size": [2, 2], "filters": [4, 8, 8],
    },
)  # fmt: skip
ALL = Loss(focal=2.0, boundary=0.1, edges=0.3, deep=1)


@pytest.fixture
def recipe(tmp_path):
    write_cases(tmp_path)
    found = read_recipe(write_recipe(tmp_path, steps=4))
    return replace(found, network=DEEP, loss=ALL)


def test_what_is_cut_off_leaves_the_classes_as_they_were(recipe):
    learning = with_auxiliary_heads(recipe, build_network(DEEP)).train()
    image = torch.randn(1, 1, 16, 16, 16)
    assert learning(image).shape == (1, 2, 4, 16, 16, 16)
    for parameter in learning.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    used = without_auxiliary_heads(recipe, learning)
    with torch.no_grad():
        assert torch.allclose(used(image), learning.eval()(image)[:, :3], atol=1e-5)


def test_weights_to_start_from_reach_the_network_that_learns(recipe):
    start = build_network(DEEP)
    learning = with_auxiliary_heads(recipe, start)
    image = torch.randn(1, 1, 16, 16, 16)
    with torch.no_grad():
        assert torch.allclose(learning.eval()(image)[:, :3], start.eval()(image), atol=1e-5)


def test_a_model_learnt_with_all_heads_is_used_without_them(recipe, tmp_path):
    folder = read_model_folder(run_training(recipe, tmp_path / "model"))
    assert folder.card.network == DEEP
    volume, _ = find_cases(recipe).train[0].read()
    predict(replace(volume, modality="CT"), folder, device="cpu")


@pytest.mark.parametrize(
    ("network", "loss", "words"),
    [("UNet", Loss(deep=1), "several depths"), ("Yolact", Loss(edges=1.0), "no channel for borders")],
)
def test_heads_that_a_network_cannot_have_are_refused(recipe, network, loss, words):
    other = replace(recipe, network=Network(network, {}), loss=loss)
    with pytest.raises(InputError, match=words):
        with_auxiliary_heads(other, torch.nn.Identity())
