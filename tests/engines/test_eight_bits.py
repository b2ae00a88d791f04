"""Convolutions in integers of eight bits: what is rounded, who computes it, and when it is used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from medseg_app.core.errors import ModelError
from medseg_app.engines import precision as precision_file
from medseg_app.engines.backend import Backend
from medseg_app.engines.device import int8_is_faster
from medseg_app.engines.eight_bits import in_eight_bits, rounded_shares
from medseg_app.engines.model_card import InputRange
from medseg_app.engines.model_folder_writer import write_model_folder
from medseg_app.engines.openvino_backend import compile_graph, load_openvino, openvino_run
from medseg_app.engines.precision import arithmetic_of
from medseg_app.engines.predict import predict
from medseg_app.engines.voxel_network import VoxelNetwork

from .plugin_engine import plugin_volume
from .tiny_models import TINY, tiny_weights

LINE = Backend("cpu", "fast", "OpenVINO in int8", 4, 0.996, 0.995, None, 2.0, 300.0, 1.0, 100.0)
SECOND = "conv_0.conv_1.conv"
RANGES = {SECOND: InputRange(-1.0, (5.0, 5.0, 5.0, 5.0))}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "home"))


@pytest.fixture
def bytes_are_faster(monkeypatch):
    monkeypatch.setattr(precision_file, "fast_arithmetic", lambda device: "int8" if device == "cpu" else None)


def small_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv3d(1, 8, 3, padding=1),
        nn.InstanceNorm3d(8, affine=True),
        nn.LeakyReLU(0.01),
        nn.Conv3d(8, 16, 3, padding=1),
        nn.InstanceNorm3d(16, affine=True),
        nn.LeakyReLU(0.01),
        nn.ConvTranspose3d(16, 8, 2, stride=2),
    ).eval()


def layers_of(monkeypatch):
    """Gives the layers of the network that is compiled after this, as they are computed."""
    compiled = []

    def kept(*arguments):
        compiled.append(compile_graph(*arguments))
        return compiled[-1]

    monkeypatch.setattr("medseg_app.engines.openvino_backend.compile_graph", kept)
    return lambda: compiled[0].get_runtime_model().get_ops()


def fact(layer, name):
    return layer.get_rt_info()[name].astype(str)


SMALL_RANGES = {"3": InputRange(-0.02, (4.0,) * 8), "6": InputRange(-0.02, (4.0,) * 16)}


@pytest.mark.parametrize("least", [-0.02, -0.1, -0.5, -1.0])
def test_zero_stays_zero_and_what_eight_bits_hold_is_left(least):
    given = torch.linspace(least, 1, 10_001)
    kept = rounded_shares(given, least)
    assert len(kept.unique()) in (255, 256)
    assert float((kept - given).abs().max()) <= (1 - least) / 255
    assert float(rounded_shares(torch.zeros(1), least)) == 0.0
    assert float(rounded_shares(torch.tensor([9.0]), least)) == pytest.approx(1, abs=(1 - least) / 255)


def test_what_is_rounded_stands_in_integers_on_both_sides_of_a_convolution():
    """By hand: every input and every weight is a whole number of steps of its channel."""
    network = nn.Sequential(nn.Conv3d(2, 3, 1, bias=False)).eval()
    most, least = np.array([2.0, 8.0]), -0.5
    rounded = in_eight_bits(network, {"0": InputRange(least, tuple(most.tolist()))})
    image = torch.rand(1, 2, 4, 4, 4) * torch.tensor([3.0, 9.0])[:, None, None, None] - 1
    step = (1 - least) / 255
    zero = round(-least / step)
    shares = np.clip(np.rint(image.numpy() / most[:, None, None, None] / step), -zero, 255 - zero)
    weight = network[0].weight.detach().numpy()[..., 0, 0, 0] * most
    together = np.maximum(weight.clip(0).sum(1), -weight.clip(None, 0).sum(1))[:, None]  # both are a pair
    scale = together / 127
    expected = np.einsum("oc,bckji->bokji", np.rint(weight / scale) * scale, shares * step)
    with torch.inference_mode():
        np.testing.assert_allclose(rounded(image).numpy(), expected, atol=1e-5)


def test_the_network_itself_stays_as_it_is():
    network, image = small_network(), torch.rand(1, 1, 8, 8, 8)
    with torch.inference_mode():
        before = network(image)
        rounded = in_eight_bits(network, SMALL_RANGES)(image)
        assert torch.equal(network(image), before)
    assert not torch.equal(rounded, before)
    assert float((rounded - before).abs().max()) < 0.1 * float(before.abs().max())


def test_openvino_computes_what_the_network_says():
    rounded, tile = in_eight_bits(small_network(), SMALL_RANGES), torch.rand(1, 32, 32, 32)
    run = openvino_run(rounded, 1, "int8", "small")
    with torch.inference_mode():
        expected = rounded(tile[None])[0].numpy()
    differs = np.abs(run(tile).numpy() - expected)
    # A value between two steps may be rounded to either, as sums before it differ in their last digit.
    assert np.quantile(differs, 0.99) < 1e-3 * np.abs(expected).max()


@pytest.mark.skipif(not int8_is_faster(), reason="not on this machine: a processor with AVX2")
def test_it_does_so_in_integers(monkeypatch):
    """Else it would only be as fast as in float32, and less exact."""
    compiled = layers_of(monkeypatch)
    assert openvino_run(in_eight_bits(small_network(), SMALL_RANGES), 1, "int8", "small")
    kinds = [fact(op, "primitiveType") for op in compiled() if fact(op, "layerType") == "Convolution"]
    assert any(kind.lower().endswith("_i8") for kind in kinds), kinds
    assert load_openvino()


@pytest.mark.parametrize(
    ("name", "channels"),
    [("no.such", 4), (SECOND, 3), ("conv_0", 4)],
    ids=["unknown", "channels", "no convolution"],
)
def test_a_card_that_does_not_fit_its_network_is_refused(tmp_path, bytes_are_faster, name, channels):
    card = replace(TINY["unet"], backends=(LINE,), eight_bits={name: InputRange(-0.1, (1.0,) * channels)})
    folder = write_model_folder(tmp_path / "m", card, tiny_weights("unet"))
    with pytest.raises(ModelError, match=f"{name}, which is no such convolution"):
        VoxelNetwork(folder).on("cpu", "fast")


@pytest.mark.parametrize(
    "wrong", [InputRange(0.1, (1.0,)), InputRange(-2, (1.0,)), InputRange(-1, (1.0, 0.0))]
)
def test_ranges_without_a_sense_are_refused(tmp_path, wrong):
    with pytest.raises(ModelError, match="eight bits"):
        write_model_folder(
            tmp_path / "m", replace(TINY["unet"], eight_bits={"a": wrong}), tiny_weights("unet")
        )


def test_it_is_used_where_ranges_are_known_and_it_was_found_close(bytes_are_faster):
    known = replace(TINY["unet"], backends=(LINE,), eight_bits=RANGES)
    assert arithmetic_of(known, "cpu", "fast") == "int8"
    assert arithmetic_of(known, "cpu", "exact") == "float32"
    assert arithmetic_of(known, "cuda:0", "fast") == "float32"
    assert arithmetic_of(replace(known, eight_bits={}), "cpu", "fast") == "float32"
    assert arithmetic_of(replace(known, backends=()), "cpu", "fast") == "float32"
    assert arithmetic_of(replace(known, backends=(replace(LINE, dice=0.98),)), "cpu", "fast") == "float32"


def test_a_result_of_it_is_fast_and_another_one(tmp_path, bytes_are_faster):
    card = replace(TINY["unet"], backends=(LINE,), eight_bits=RANGES)
    folder = write_model_folder(tmp_path / "m", card, tiny_weights("unet"))
    tile = torch.rand((1, 32, 32, 32), generator=torch.Generator().manual_seed(0)) * 2 - 1
    network = VoxelNetwork(folder)
    exact, fast = (network.on("cpu", precision)(tile) for precision in ("exact", "fast"))
    assert not torch.equal(exact, fast)
    assert float((fast - exact).abs().mean()) < 0.1 * float(exact.abs().mean())
    assert predict(plugin_volume(), folder, device="cpu", precision="fast").precision == "fast"


class Joined(nn.Module):
    """Two images of different size in channels and values, joined for one convolution."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv3d(1, 3, 3, padding=1), nn.Conv3d(1, 5, 3, padding=1)
        self.last = nn.Conv3d(8, 4, 3, padding=1)

    def forward(self, image):
        return self.last(torch.cat([self.first(image).relu(), self.second(image).relu() * 9], 1))


def test_what_is_joined_is_rounded_before(monkeypatch):
    """The same numbers, and bytes are joined where floats were before."""
    compiled = layers_of(monkeypatch)
    rounded = in_eight_bits(Joined().eval(), {"last": InputRange(-0.02, (1.5,) * 3 + (9.0,) * 5)})
    tile = torch.rand(1, 32, 32, 32)
    run = openvino_run(rounded, 1, "int8", "joined")
    with torch.inference_mode():
        expected = rounded(tile[None])[0].numpy()
    differs = np.abs(run(tile).numpy() - expected)
    assert np.quantile(differs, 0.99) < 1e-3 * np.abs(expected).max()
    if int8_is_faster():
        joining = next(op for op in compiled() if fact(op, "layerType") == "Concatenation")
        assert joining.get_output_element_type(0).get_type_name() == "u8"


@pytest.mark.parametrize("channels", [5, 8])
def test_the_largest_sums_are_not_cut_off(channels):
    """Without VNNI the products of two neighbouring channels are added in sixteen bits."""
    network = nn.Sequential(nn.Conv3d(1, channels, 1), nn.ReLU(), nn.Conv3d(channels, 6, 3, padding=1)).eval()
    for part in network[0], network[2]:
        nn.init.constant_(part.weight, 0.7)
        nn.init.zeros_(part.bias)
    rounded = in_eight_bits(network, {"2": InputRange(-0.02, (0.7,) * channels)})
    tile = torch.ones(1, 32, 32, 32)
    run = openvino_run(rounded, 1, "int8", f"largest {channels}")
    with torch.inference_mode():
        np.testing.assert_allclose(run(tile).numpy(), network(tile[None])[0].numpy(), rtol=0.01)
