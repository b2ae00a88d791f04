"""The plan of a U-Net: hand-made cases, and what holds for every data set."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_app.engines.model_card import Network
from medseg_app.engines.networks import build_network
from medseg_app.training.plan_unet import LEAST_EDGE, VOXELS, plan_unet


def test_cubic_voxels_give_a_cube_that_is_pooled_alike():
    plan = plan_unet((200, 200, 200), (1.0, 1.0, 1.0))
    assert plan.patch == (64, 64, 64)
    assert plan.strides == ((1, 1, 1), *[(2, 2, 2)] * 4)
    assert set(plan.kernels) == {(3, 3, 3)}


def test_thick_slices_are_neither_pooled_nor_convolved_at_first():
    plan = plan_unet((30, 512, 512), (5.0, 0.7, 0.7))
    assert plan.patch[0] < plan.patch[1] == plan.patch[2]
    assert plan.strides[1] == (1, 2, 2)
    assert plan.kernels[0] == (1, 3, 3)
    assert plan.kernels[-1] == (3, 3, 3)


def test_small_images_are_taken_whole():
    plan = plan_unet((40, 40, 40), (1.0, 1.0, 1.0))
    assert plan.patch == (40, 40, 40)


def test_a_few_slices_leave_their_voxels_to_the_plane():
    plan = plan_unet((8, 300, 300), (3.0, 1.0, 1.0))
    assert plan.patch[0] == 8
    assert np.prod(plan.patch) == pytest.approx(VOXELS, rel=0.3)


edges = st.integers(8, 600)
gaps = st.floats(0.2, 10.0)


@settings(max_examples=200, deadline=None)
@given(st.tuples(edges, edges, edges), st.tuples(gaps, gaps, gaps))
def test_every_plan_fits_the_tiles_and_the_memory(shape, spacing):
    plan = plan_unet(shape, spacing)
    steps = np.prod(plan.strides, axis=0)
    assert (steps <= 32).all()
    assert (np.array(plan.patch) % steps == 0).all()
    assert (np.array(plan.patch) / steps >= LEAST_EDGE / 2).all()
    assert np.prod(plan.patch) <= 4 * VOXELS
    assert len(plan.kernels) == len(plan.strides) == len(plan.filters)


@pytest.mark.parametrize(
    ("shape", "spacing"), [((30, 512, 512), (5.0, 0.7, 0.7)), ((9, 40, 30), (1.0, 1.0, 1.0))]
)
def test_the_planned_network_is_one(shape, spacing):
    plan = plan_unet(shape, spacing)
    network = build_network(
        Network(
            "DynUNet",
            {
                "spatial_dims": 3, "in_channels": 1, "out_channels": 2, "kernel_size": list(plan.kernels),
                "strides": list(plan.strides), "upsample_kernel_size": list(plan.strides[1:]),
                "filters": [4] * len(plan.filters),
            },
        )
    )  # fmt: skip
    with torch.no_grad():
        assert network.eval()(torch.zeros(1, 1, *plan.patch)).shape == (1, 2, *plan.patch)
