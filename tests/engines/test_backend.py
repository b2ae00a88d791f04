"""A backend computes a model only where it comes close enough to torch, and the card decides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from medseg_app.core.errors import ModelError
from medseg_app.core.progress import silent
from medseg_app.engines import precision as precision_file
from medseg_app.engines.backend import Backend, fast_is_close, is_close, measured
from medseg_app.engines.contract import Request
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.model_folder_writer import write_model_folder
from medseg_app.engines.precision import precision_of
from medseg_app.engines.predict import build_engine, predict
from medseg_app.engines.preview import unwatched
from medseg_app.engines.reference_engine import reference_engine
from medseg_app.engines.voxel_network import VoxelNetwork

from .plugin_engine import install, plugin_volume, write_plugin_model
from .tiny_models import TINY, tiny_weights, write_tiny_model

EXACT = Backend("cpu", "exact", "OpenVINO in float32", 4, 0.9995, 0.9991, None, 2.0, 300.0, 1.0, 100.0)
FAST = replace(EXACT, precision="fast", by="OpenVINO in bfloat16", dice=0.993)


@pytest.fixture(autouse=True)
def bfloat16(monkeypatch):
    """As on a processor that calculates in bfloat16 itself."""
    monkeypatch.setattr(precision_file, "fast_arithmetic", lambda device: "bfloat16")


def tiny(path, *backends: Backend):
    return write_model_folder(path, replace(TINY["unet"], backends=backends), tiny_weights("unet"))


@pytest.mark.parametrize(
    ("line", "close"),
    [
        (replace(EXACT, dice=0.999), True),
        (replace(EXACT, dice=0.9989), False),
        (replace(FAST, dice=0.99), True),
        (replace(FAST, dice=0.9899), False),
        (replace(EXACT, dice=None), True),
    ],
)
def test_exact_needs_0_999_and_fast_0_99(line, close):
    assert line.is_close is close
    assert is_close([line], "cpu", line.arithmetic) is close


def test_what_was_never_measured_is_used_and_kinds_of_device_are_told_apart():
    assert is_close([], "cpu", "float32")
    other = replace(EXACT, device="cuda", dice=0.5)
    assert measured([other, EXACT], "cuda:1", "float32") is other
    assert is_close([other], "cpu", "float32")
    assert not is_close([other], "cuda:0", "float32")


@pytest.mark.parametrize(
    ("lines", "cpu", "cuda"),
    [
        ([], False, False),
        ([EXACT], False, False),
        ([FAST], True, True),
        ([replace(FAST, dice=0.98)], False, False),
        ([replace(FAST, dice=0.98), replace(FAST, device="cuda")], False, True),
        ([FAST, replace(FAST, device="cuda", dice=0.98)], True, False),
    ],
)
def test_fast_must_have_been_measured_there_or_elsewhere(lines, cpu, cuda):
    close = [fast_is_close(lines, device, "bfloat16") for device in ("cpu", "cuda:0")]
    assert close == [cpu, cuda]
    assert not fast_is_close(lines, "cpu", "int8"), "it rounds otherwise"


def test_a_card_keeps_what_was_measured(tmp_path):
    folder = tiny(tmp_path / "m", EXACT, FAST)
    assert read_model_folder(folder.path).card.backends == (EXACT, FAST)


@pytest.mark.parametrize(
    "line", [replace(EXACT, by="OpenVINO"), replace(EXACT, by=FAST.by), replace(FAST, by=EXACT.by)]
)
def test_a_card_says_in_what_it_was_computed(tmp_path, line):
    """Its words decide what is used, so words that mean nothing are none."""
    with pytest.raises(ModelError, match="computes it exact ends in float32"):
        tiny(tmp_path / "m", line)


def test_an_exact_backend_that_is_too_far_off_is_left_aside_for_torch(tmp_path):
    asked = []

    def compiler(*arguments):
        asked.append(arguments[2])
        return lambda tile: torch.zeros((3, *tile.shape[1:]))

    folder = tiny(tmp_path / "m", replace(EXACT, dice=0.998), FAST)
    network = VoxelNetwork(folder, compiler)
    tile = torch.rand((1, 32, 32, 32), generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert network.on("cpu", "exact")(tile).any()
    assert network.is_by_torch("cpu", "exact")
    assert not network.on("cpu", "fast")(tile).any()
    assert asked == ["bfloat16"]


def test_fast_that_is_too_far_off_is_computed_exactly_and_says_so(tmp_path):
    far = replace(FAST, dice=0.98)
    volume = plugin_volume()
    exact = predict(volume, tiny(tmp_path / "m"), device="cpu")
    asked = predict(volume, tiny(tmp_path / "far", far), device="cpu", precision="fast")
    assert asked.precision == "exact"
    assert predict(volume, tiny(tmp_path / "n", FAST), device="cpu", precision="fast").precision == "fast"
    assert len(asked.candidates) == len(exact.candidates)
    for one, other in zip(asked.candidates, exact.candidates, strict=True):
        np.testing.assert_array_equal(one.mask, other.mask)


@pytest.mark.parametrize("name", ["mask_rcnn", "yolact", "mask2former", "detr"])
def test_networks_for_slices_keep_to_the_rule_as_well(tmp_path, name):
    card = replace(TINY[name], backends=(replace(FAST, dice=0.98),))
    folder = write_model_folder(tmp_path / "m", card, tiny_weights(name))
    assert predict(plugin_volume(), folder, device="cpu", precision="fast").precision == "exact"


def test_fast_stays_exact_where_the_device_is_no_faster(monkeypatch):
    monkeypatch.setattr(precision_file, "fast_arithmetic", lambda device: None)
    assert precision_of(replace(TINY["unet"], backends=(FAST,)), "cpu", "fast") == "exact"


def test_the_reference_of_a_network_for_volumes_is_torch(tmp_path):
    folder = write_tiny_model(tmp_path / "m", "unet")
    engine = build_engine(folder)
    reference = reference_engine(engine, folder)
    assert reference is not engine
    assert reference.network.is_by_torch("cpu", "exact")
    mine = reference.open(plugin_volume(), "cpu").propose(Request(modality="CT"), silent, unwatched)
    assert mine.candidates


def test_networks_for_slices_are_their_own_reference_and_strangers_have_none(tmp_path, monkeypatch):
    install(tmp_path / "plugin", monkeypatch)
    folder = write_tiny_model(tmp_path / "m", "mask_rcnn")
    engine = build_engine(folder)
    assert reference_engine(engine, folder) is engine
    stranger = write_plugin_model(tmp_path / "p")
    assert reference_engine(build_engine(stranger), stranger) is None
