"""OpenVINO gives torch's answers, asks nobody, is cached, and is not needed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from medseg_app.engines import openvino_backend
from medseg_app.engines.networks import build_network
from medseg_app.engines.openvino_backend import openvino_run
from medseg_app.engines.voxel_network import VoxelNetwork

from .test_networks import VOXELWISE
from .tiny_models import write_tiny_model

TILES = ((32, 32, 32), (64, 32, 96))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize("network", VOXELWISE, ids=lambda network: network.name)
def test_it_computes_what_torch_computes_on_tiles_of_any_size(network):
    torch.manual_seed(0)
    built = build_network(network).eval()
    run = openvino_run(built, 2, "float32", network.name)
    assert run is not None
    for shape in TILES:
        tile = torch.rand(2, *shape) * 2 - 1
        with torch.inference_mode():
            expected = built(tile[None])[0].numpy()
        assert np.abs(run(tile).numpy() - expected).max() < 1e-3 * max(np.abs(expected).max(), 1)


def test_a_network_of_one_tile_size_is_computed_at_that_size(home):
    torch.manual_seed(0)
    built = build_network(VOXELWISE[0]).eval()
    tile = torch.rand(2, 48, 32, 80) * 2 - 1  # 48 and 80 are no multiples of 32
    run = openvino_run(built, 2, "float32", "one", (48, 32, 80))
    with torch.inference_mode():
        expected = built(tile[None])[0].numpy()
    assert np.abs(run(tile).numpy() - expected).max() < 1e-3 * max(np.abs(expected).max(), 1)
    assert openvino_run(built, 2, "float32", "one")(tile[:, :32, :32, :64]).shape[1:] == (32, 32, 64)
    assert len(list((home / "cache" / "openvino").iterdir())) == 2


def test_the_converted_network_is_kept_and_damage_is_repaired(home, monkeypatch):
    built = build_network(VOXELWISE[2]).eval()
    tile = torch.rand(2, 32, 32, 32) * 2 - 1
    first = openvino_run(built, 2, "float32", "one")
    (kept,) = (home / "cache" / "openvino").iterdir()
    with monkeypatch.context() as patched:
        patched.setattr(openvino_backend, "_convert", lambda *_: pytest.fail("converted again"))
        again = openvino_run(built, 2, "float32", "one")
    assert torch.equal(first(tile), again(tile))
    (kept / "network.xml").write_text("no model")
    repaired = openvino_run(built, 2, "float32", "one")
    assert torch.equal(first(tile), repaired(tile))


def test_other_weights_are_another_network(home):
    for name in ("one", "two"):
        openvino_run(build_network(VOXELWISE[2]).eval(), 2, "float32", name)
    assert len(list((home / "cache" / "openvino").iterdir())) == 2


@pytest.mark.parametrize("failing", ["load_openvino", "_converted"])
def test_torch_computes_where_openvino_cannot(failing, tmp_path, monkeypatch):
    def fail(*_):
        raise ImportError("no OpenVINO here")

    folder = write_tiny_model(tmp_path / "tiny", "unet")
    tile = torch.rand(1, 32, 32, 32) * 2 - 1
    expected = VoxelNetwork(folder).on("cpu", "exact")(tile)
    monkeypatch.setattr(openvino_backend, failing, fail)
    assert torch.allclose(VoxelNetwork(folder).on("cpu", "exact")(tile), expected, atol=1e-3)


def test_a_read_only_cache_only_costs_time(home, monkeypatch):
    def refuse(*_args, **_choices):
        raise OSError("read-only")

    monkeypatch.setattr(openvino_backend.tempfile, "mkdtemp", refuse)
    assert openvino_run(build_network(VOXELWISE[2]).eval(), 2, "float32", "one") is not None


def test_nobody_is_told_that_it_is_used():
    """OpenVINO's own telemetry would send an event at every import."""
    script = """
import socket, sys, types
spy = types.ModuleType("openvino_telemetry")
def told(*_args, **_choices):
    print("told")
spy.Telemetry = told
spy.__path__ = []
spy.backend = types.ModuleType("openvino_telemetry.backend")
spy.backend.backend_ga4 = None
sys.modules["openvino_telemetry"] = spy
sys.modules["openvino_telemetry.backend"] = spy.backend
socket.socket.connect = told
from medseg_app.engines import openvino_backend
openvino_backend.load_openvino()
assert sys.modules["openvino_telemetry"] is spy
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "told" not in ran.stdout


def test_exact_is_as_exact_as_torch_where_a_channel_is_long():
    """OpenVINO's own normalisation adds a whole channel up in one number, and is off by far more."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv3d(2, 16, 3, padding=1, bias=False), torch.nn.InstanceNorm3d(16, affine=True)
    ).eval()
    tile = torch.rand(2, 64, 96, 96)
    with torch.inference_mode():
        truth = network.double()(tile[None].double())[0].numpy()
        by_torch = network.float()(tile[None])[0].numpy()
    run = openvino_run(network, 2, "float32", "norm")
    assert np.abs(run(tile).numpy() - truth).max() < 3 * np.abs(by_torch - truth).max()


@pytest.mark.parametrize(("eps_mode", "expected"), [("INSIDE_SQRT", 2 / 3**0.5), ("OUTSIDE_SQRT", 2 / 2.5)])
def test_a_normalisation_keeps_its_meaning(eps_mode, expected):
    openvino = openvino_backend.load_openvino()
    ops = openvino.opset13
    image = ops.parameter([1, 1, 2, 2], np.float32)
    axes = np.array([-2, -1])
    eps = 0.5 if eps_mode == "OUTSIDE_SQRT" else -1.0
    model = openvino.Model([ops.mvn(image, axes, True, eps, eps_mode)], [image])
    compiled = openvino_backend.compile_graph(openvino, model, "float32")
    assert {op.get_type_name() for op in model.get_ops()}.isdisjoint({"MVN"})
    answer = compiled(np.array([[[[1, 5], [1, 5]]]], np.float32))[0]
    assert answer == pytest.approx(np.array([[[[-expected, expected]] * 2]]), rel=1e-6)
