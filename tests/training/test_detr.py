"""RT-DETR with masks learns to box and outline a block, and to keep silent."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medseg_app.engines.model_card import Network
from medseg_app.engines.networks import build_network
from tests.training.block_slices import empty_slice, learn_blocks, slice_with_block

SMALL = {"in_channels": 1, "num_classes": 2, "width": 32, "queries": 4, "decoder_layers": 2, "body_width": 16}
STEPS = 110


@pytest.fixture(scope="module")
def learned():
    """The network after some steps, and the losses on its way."""
    torch.manual_seed(0)
    network = build_network(Network("RtDetr", SMALL)).train()
    losses = learn_blocks(network, "detr", STEPS)
    return network.eval(), losses


def test_the_loss_falls(learned):
    _, losses = learned
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:5])


def test_the_mask_is_better_than_the_box(learned):
    """The box is still some pixels off after so short a training; the U-Net inside it is not misled."""
    image, target = slice_with_block(21, 7)
    with torch.inference_mode():
        (found,) = learned[0]([image])
    mask, truth = found["masks"][0, 0] > 0.5, target["masks"][0] > 0
    assert (mask & truth).sum() / (mask | truth).sum() > 0.8
    assert (found["boxes"][0] - target["boxes"][0]).abs().max() <= 10


def test_a_block_is_told_from_nothing(learned):
    with torch.inference_mode():
        there = learned[0]([slice_with_block(row, 7)[0] for row in (3, 12, 21)])
        nothing = learned[0]([empty_slice() for _ in range(6)])
    least = min(float(found["scores"][0]) for found in there)
    assert all(float(found["scores"].max()) < least / 2 for found in nothing if len(found["scores"]))
