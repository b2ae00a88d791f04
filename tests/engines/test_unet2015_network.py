"""UNet2015: the sizes of the paper, and an overlap-tile that answers as one pass over a mirrored image."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medseg_app.core.progress import silent
from medseg_app.engines.model_card import Network
from medseg_app.engines.networks import build_network
from medseg_app.engines.preprocess import ChannelMaker, Scaling
from medseg_app.engines.slice_tiles import MARGINS, SliceTiles
from medseg_app.engines.sliding_window import slide
from medseg_app.engines.tile_channels import channels_on
from medseg_app.engines.tile_plan import TileSize, legal_edge
from medseg_app.engines.unet2015_network import CROPS, LEAST_EDGE, LOST, STEP
from medseg_app.engines.voxel_network import VoxelNetwork

from .tiny_models import write_tiny_model


def small(**arguments) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network(Network("UNet2015", {"in_channels": 1, "out_channels": 2, "width": 2, **arguments}))


def test_it_has_the_size_of_the_paper():
    with torch.device("meta"):
        network = build_network(Network("UNet2015", {"in_channels": 1, "out_channels": 2}))
    assert sum(weight.numel() for weight in network.parameters()) == 31_030_658
    convolutions = [part for part in network.modules() if isinstance(part, torch.nn.Conv2d)]
    assert len(convolutions) + 4 == 23
    assert all(part.padding == (0, 0) for part in convolutions)


@pytest.mark.parametrize(("seen", "answered"), [((572, 188), (388, 4)), ((204, 252), (20, 68))])
def test_it_answers_the_middle_of_what_it_sees(seen, answered):
    with torch.inference_mode():
        assert small()(torch.zeros(1, 1, *seen)).shape == (1, 2, *answered)


@pytest.mark.parametrize("edge", [180, 187, 192, 570])
def test_edges_that_do_not_halve_are_refused(edge):
    with pytest.raises(ValueError, match=str(edge)):
        small()(torch.zeros(1, 1, edge, 188))


def test_maps_are_cropped_around_their_middle():
    """Mirroring the image mirrors the answer of a network whose filters are symmetric."""
    network = small().eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_((weight + weight.flip(-1)) / 2 if weight.ndim == 4 else weight)
    image = torch.randn(1, 1, 204, 220)
    with torch.inference_mode():
        torch.testing.assert_close(network(image.flip(-1)), network(image).flip(-1), atol=1e-4, rtol=1e-4)
    assert len(CROPS) == 4


def test_dropout_ends_the_way_down_and_is_gone_in_use():
    network, image = small(width=8), torch.randn(1, 1, 188, 188)
    with torch.no_grad():
        assert not torch.equal(network.train()(image), network(image))
        assert torch.equal(network.eval()(image), network(image))


def test_tiles_of_the_sliding_window_are_legal_for_it():
    margin = MARGINS["UNet2015"]
    assert 2 * margin >= LOST
    for edge in range(32, 1000, 32):
        assert (edge + 2 * margin - LEAST_EDGE) % STEP == 0


@pytest.mark.parametrize("shape", [(3, 40, 50), (2, 256, 256)], ids=["one tile", "four tiles"])
def test_tiles_answer_as_one_pass_over_the_whole_mirrored_image(shape, tmp_path, monkeypatch):
    """Unpadded convolutions see all they need, so tiles agree to the last pixel (if pools lie alike)."""
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "home"))
    network = VoxelNetwork(write_tiny_model(tmp_path / "tiny", "unet of 2015"))
    image = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
    as_it_is, tiles, margin = (
        channels_on("cpu", ChannelMaker((Scaling(-1.0, 1.0, (-1.0, 1.0), clip=True),))),
        network.slice_tiles,
        MARGINS["UNet2015"],
    )
    assert tiles == SliceTiles(1, margin)
    plan = tiles.plan(shape, TileSize(32, 32**3, 32**3))
    assert (len(plan.starts[1]), len(plan.starts[2])) == ((2, 2) if shape[1] == 256 else (1, 1))
    run = network.on("cpu", "exact")
    slabs = slide(plan, lambda box: run(tiles.read(image, box, as_it_is)), silent)
    found = np.concatenate([slab.numpy().copy() for slab in slabs], axis=1)
    assert not network.is_by_torch("cpu", "exact"), "OpenVINO computes it"

    _, j, i = shape
    top, left = ((legal_edge(edge) - edge) // 2 for edge in (j, i))
    sides = (
        (margin + top, legal_edge(j) - j - top + margin),
        (margin + left, legal_edge(i) - i - left + margin),
    )
    slices = np.pad(np.pad(image, ((1, 1), (0, 0), (0, 0)), "edge"), ((0, 0), *sides), "symmetric")
    built = network._network.on("cpu")
    for k in range(len(image)):
        with torch.inference_mode():
            whole = built(torch.from_numpy(slices[None, k : k + 3]))[0]
        first, start = top + margin - LOST // 2, left + margin - LOST // 2
        expected = whole[:, first : first + j, start : start + i].numpy()
        np.testing.assert_allclose(found[:, k], expected, atol=2e-3)
