"""Full memory halves the tiles: the run goes on and ends in the same labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume
from medseg_app.engines.predict import predict
from medseg_app.engines.tile_memory import with_fitting_tiles
from medseg_app.engines.tile_plan import LEGAL_STEP, TileSize, plan_tiles
from medseg_app.engines.voxel_network import VoxelNetwork

from .tiny_models import write_tiny_model


def full(size: TileSize, most: int, tried: list[int], error: BaseException) -> int:
    tried.append(size.edge)
    if size.edge > most:
        raise error
    return size.edge


def card_with(monkeypatch: pytest.MonkeyPatch, free: float, kept: float = 0, used: float = 0) -> None:
    """A card: GB that nobody uses, and GB that torch keeps, of which some are used."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(free * 1e9), int(96e9)))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: int(kept * 1e9))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: int(used * 1e9))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)


@pytest.mark.parametrize(
    ("free", "edge", "single_pass"),
    [(0.05, 32, 29**3), (2, 96, 99**3), (7, 128, 150**3), (23, 128, 192**3), (80, 128, 192**3)],
)
def test_tiles_on_a_card_take_half_of_its_free_memory_at_most(
    free: float, edge: int, single_pass: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    card_with(monkeypatch, free)
    size = TileSize.on("cuda:1")
    assert size.edge == edge
    assert size.single_pass == pytest.approx(single_pass, rel=0.03)


def test_memory_that_torch_keeps_for_later_is_free_too(monkeypatch: pytest.MonkeyPatch) -> None:
    card_with(monkeypatch, free=0.5, kept=12, used=2)
    assert TileSize.on("cuda:0").edge == 128


@pytest.mark.parametrize("text", ["CUDA out of memory", "can't allocate memory: you tried", "std::bad_alloc"])
def test_tiles_are_halved_until_they_fit(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    card_with(monkeypatch, free=80)
    tried: list[int] = []
    assert with_fitting_tiles("cuda:0", lambda size: full(size, 40, tried, RuntimeError(text))) == 32
    assert tried == [128, 64, 32]


def test_torchs_own_error_and_pythons_are_understood() -> None:
    for error in (torch.OutOfMemoryError("full"), MemoryError()):
        assert with_fitting_tiles("cpu", lambda size, error=error: full(size, 32, [], error)) == 32


def test_where_the_smallest_tile_does_not_fit_the_error_is_raised_on() -> None:
    tried: list[int] = []
    with pytest.raises(RuntimeError, match="out of memory"):
        with_fitting_tiles("cpu", lambda size: full(size, 0, tried, RuntimeError("out of memory")))
    assert tried[-1] == LEGAL_STEP


def test_other_errors_are_no_reason_to_try_again() -> None:
    tried: list[int] = []
    with pytest.raises(RuntimeError, match="shape"):
        with_fitting_tiles("cpu", lambda size: full(size, 0, tried, RuntimeError("wrong shape")))
    assert tried == [64]


def test_nothing_larger_than_a_halved_tile_is_done_in_one_pass() -> None:
    halved = TileSize.on("cpu").halved()
    assert plan_tiles((40, 40, 40), halved).tile == (32, 32, 32)


def test_a_model_whose_large_tiles_do_not_fit_gives_its_result_in_small_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny_model(tmp_path / "tiny", "unet")
    voxels = np.random.default_rng(0).integers(-500, 500, (80, 96, 96)).astype(np.int16)
    volume = Volume(voxels, VolumeGeometry.regular(voxels.shape, np.eye(4), "1.2"), "1.2.3", "CT")
    seen: list[tuple[int, ...]] = []
    real = VoxelNetwork.on

    def with_little_memory(self: VoxelNetwork, device: str, precision: str):
        run = real(self, device, precision)

        def small_only(tile: torch.Tensor) -> torch.Tensor:
            seen.append(tile.shape[1:])
            if tile[0].numel() > 32**3:
                raise RuntimeError("CUDA out of memory")
            return run(tile)

        return small_only

    monkeypatch.setattr(VoxelNetwork, "on", with_little_memory)
    told: list[float] = []
    proposal = predict(volume, folder, device="cpu", progress=lambda share, text="": told.append(share))
    assert int(np.prod(seen[0])) > 32**3
    assert set(seen[1:]) == {(32, 32, 32)}
    assert told[-1] == 1.0
    assert proposal.candidates
