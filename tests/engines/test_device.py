"""Choice of the device, the fall back from a full one, and weights that do not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medseg_app.core.errors import ModelError, OutOfMemory, WrongUse
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.proposal import ModelIdentity, Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines import device as device_module
from medseg_app.engines import precision as precision_module
from medseg_app.engines.backend import Backend
from medseg_app.engines.device import choose_device, compute_on
from medseg_app.engines.loaded_network import LoadedNetwork
from medseg_app.engines.model_card import Network
from medseg_app.engines.model_folder_writer import write_model_folder
from medseg_app.engines.predict import predict

from .tiny_models import TINY, tiny_weights, write_tiny_model

EMPTY = Proposal("1", (), ModelIdentity("m", "1", ""))


def test_a_device_that_is_not_there_is_wrong_use() -> None:
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto") in ("cpu", "mps", "cuda:0")
    for wanted in ("cuda:99", "cuda:x", "tpu"):
        with pytest.raises(WrongUse, match=f"{wanted} is not available") as caught:
            choose_device(wanted)
        assert "cpu" in caught.value.hint


@pytest.mark.parametrize(
    ("cards", "apple", "device"),
    [(0, False, "cpu"), (0, True, "mps"), (2, True, "cuda:0"), (1, False, "cuda:0")],
)
def test_auto_is_the_fastest_that_torch_has(
    monkeypatch: pytest.MonkeyPatch, cards: int, apple: bool, device: str
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cards > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: apple)
    assert choose_device("auto") == device
    for wanted, there in (("mps", apple), ("cuda", cards > 0), ("cuda:1", cards > 1), ("cpu", True)):
        if there:
            assert choose_device(wanted) == ("cuda:0" if wanted == "cuda" else wanted)
        else:
            with pytest.raises(WrongUse, match="is not available"):
                choose_device(wanted)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (
            NotImplementedError("The operator 'aten::x' is not currently implemented for the MPS device."),
            "lacks",
        ),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), "memory of mps"),
    ],
)
def test_what_apples_gpu_cannot_do_is_done_by_the_processor(
    monkeypatch: pytest.MonkeyPatch, error: RuntimeError, word: str
) -> None:
    monkeypatch.setattr(device_module, "choose_device", lambda wanted: "mps")
    monkeypatch.setattr(device_module, "forget_unused", lambda device: None)

    def compute(device: str) -> Proposal:
        if device != "cpu":
            raise error
        return replace(EMPTY, device=device)

    proposal = compute_on("auto", compute)
    assert proposal.device == "cpu"
    assert word in proposal.remarks[0]


def test_a_full_gpu_falls_back_to_the_processor_with_a_remark(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(device_module, "choose_device", lambda wanted: "cuda:0")
    tried: list[str] = []

    def compute(device: str) -> Proposal:
        tried.append(device)
        if device != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return replace(EMPTY, device=device)

    proposal = compute_on("auto", compute)
    assert tried == ["cuda:0", "cpu"]
    assert proposal.device == "cpu"
    assert "memory of cuda:0" in proposal.remarks[0]


def test_a_full_computer_is_out_of_memory_and_bugs_stay_bugs() -> None:
    def fail(text: str) -> Proposal:
        raise RuntimeError(text)

    with pytest.raises(OutOfMemory):
        compute_on("cpu", lambda device: fail("DefaultCPUAllocator: can't allocate memory: you tried"))
    with pytest.raises(RuntimeError, match="shape"):
        compute_on("cpu", lambda device: fail("wrong shape"))


def test_weights_come_back_as_float32(tmp_path: Path) -> None:
    import torch

    network = LoadedNetwork(write_tiny_model(tmp_path / "m", "unet for findings")).on("cpu")
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    assert not network.training


def test_weights_that_do_not_fit_the_card_are_refused(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "m", "unet")
    arguments = {**TINY["unet"].network.arguments, "features": [4, 4, 4, 4, 4, 8]}
    other = write_model_folder(
        tmp_path / "o", replace(TINY["unet"], network=Network("BasicUNet", arguments)), model.weights()
    )
    with pytest.raises(ModelError, match="do not fit"):
        LoadedNetwork(other).on("cpu")
    garbage = write_model_folder(tmp_path / "g", TINY["unet"], b"no safetensors at all")
    with pytest.raises(ModelError, match="not a safetensors file"):
        LoadedNetwork(garbage).on("cpu")
    fewer = write_model_folder(tmp_path / "f", TINY["unet"], b"\x02\x00\x00\x00\x00\x00\x00\x00{}")
    with pytest.raises(ModelError, match="do not fit"):
        LoadedNetwork(fewer).on("cpu")


def test_a_result_tells_the_precision_that_was_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = Backend("cpu", "fast", "OpenVINO in bfloat16", 4, 0.993, 0.99, None, 2.0, 300.0, 1.0, 100.0)
    card = replace(TINY["unet"], backends=(close,))
    folder = write_model_folder(tmp_path / "tiny", card, tiny_weights("unet"))
    voxels = np.random.default_rng(0).integers(-500, 500, (8, 16, 16)).astype(np.int16)
    volume = Volume(voxels, VolumeGeometry.regular((8, 16, 16), np.eye(4), "1.2"), "1.2.3", "CT")
    for arithmetic, told in ((None, "exact"), ("bfloat16", "fast")):
        monkeypatch.setattr(precision_module, "fast_arithmetic", lambda _, arithmetic=arithmetic: arithmetic)
        assert predict(volume, folder, device="cpu", precision="fast").precision == told


@pytest.mark.parametrize("tiles", [False, True])
def test_bfloat16_is_for_processors_with_tiles(monkeypatch: pytest.MonkeyPatch, tiles: bool) -> None:
    """A wide register that knows bfloat16 is not enough: it is no faster than float32."""
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: tiles)
    monkeypatch.setattr("torch.cpu.get_capabilities", dict)
    assert device_module.bfloat16_is_faster("cpu") == tiles
    assert device_module.fast_arithmetic("cpu") == ("bfloat16" if tiles else None)
    assert device_module.fast_arithmetic("mps") is None


@pytest.mark.parametrize("ability", ["avx2", "avx"])
def test_fast_is_for_processors_that_multiply_bytes_too(
    monkeypatch: pytest.MonkeyPatch, ability: str
) -> None:
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: False)
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {ability: True})
    assert device_module.fast_arithmetic("cpu") == ("int8" if ability == "avx2" else None)
    monkeypatch.setattr(device_module, "find_spec", lambda _: None)
    assert device_module.fast_arithmetic("cpu") is None, "torch does not compute so"
