"""YOLACT: its losses fall where they should, and it learns to outline a block."""

from __future__ import annotations

import pytest
import torch

from medseg_app.engines.model_card import Network
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.networks import build_network
from medseg_app.engines.predict import predict
from medseg_app.training.dataset import find_cases
from medseg_app.training.recipe import read_recipe
from medseg_app.training.train import run_training
from medseg_app.training.yolact_losses import yolact_loss
from tests.training.block_slices import NOTHING, slice_with_block
from tests.training.tiny import write_cases, write_recipe

SMALL = {
    "in_channels": 1,
    "num_classes": 2,
    "width": 16,
    "prototypes": 4,
    "stages": 2,
    "anchor_sizes": [8, 16, 32],
}


def test_it_takes_slices_without_findings_alone_and_among_others():
    network = build_network(Network("Yolact", SMALL)).train()
    image, target = slice_with_block(10, 20)
    for targets in ([NOTHING], [NOTHING, target]):
        loss = yolact_loss(network([image] * len(targets)), targets)
        assert torch.isfinite(loss)
        loss.backward()


def test_every_weight_can_learn():
    torch.manual_seed(0)
    network = build_network(Network("Yolact", SMALL)).train()
    image, target = slice_with_block(10, 20)
    yolact_loss(network([image]), [target]).backward()
    still = [name for name, weight in network.named_parameters() if weight.grad is None]
    assert not [
        name for name in still if "layer3" not in name and "layer4" not in name and ".fc." not in name
    ]


@pytest.fixture(scope="module")
def learned():
    torch.manual_seed(0)
    network = build_network(Network("Yolact", SMALL)).train()
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3)
    for _ in range(60):
        batch = [slice_with_block(int(torch.randint(30, ())), int(torch.randint(38, ()))) for _ in range(3)]
        images, targets = [image for image, _ in batch], [target for _, target in batch]
        loss = yolact_loss(network([*images, torch.randn(1, 50, 60) * 0.1 - 0.75]), [*targets, NOTHING])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval()


def test_it_learns_where_a_block_is_and_its_outline(learned):
    image, target = slice_with_block(21, 7)
    with torch.inference_mode():
        (found,) = learned([image])
    assert found["scores"][0] > 0.5
    mask, truth = found["masks"][0, 0] > 0.5, target["masks"][0] > 0
    assert (mask & truth).sum() / (mask | truth).sum() > 0.7


def test_it_keeps_silent_where_there_is_none(learned):
    with torch.inference_mode():
        (found,) = learned([torch.randn(1, 50, 60) * 0.1 - 0.75])
    assert not (found["scores"] > 0.5).any()


def test_a_recipe_trains_it_into_a_model_that_answers(tmp_path):
    write_cases(tmp_path, 2)
    path = write_recipe(tmp_path, "instance", steps=2)
    text = path.read_text().replace('"mask_rcnn"', '"yolact"').replace("MaskRCNNSlim", "Yolact")
    path.write_text(text + "\n[thresholds]\nmin_score = 0.1\n")
    recipe = read_recipe(path)
    folder = read_model_folder(run_training(recipe, tmp_path / "model"))
    volume, _ = find_cases(recipe).train[0].read()
    proposal = predict(volume, folder, device="cpu")
    assert folder.card.engine == "yolact"
    assert all(candidate.kind == "instance" for candidate in proposal.candidates)
