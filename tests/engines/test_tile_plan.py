"""Tiles cover any image, have edges that networks take, and are like the patches of the training."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume
from medseg_app.engines import tile_plan
from medseg_app.engines.model_card import ModelGrid
from medseg_app.engines.predict import predict
from medseg_app.engines.tile_plan import TileSize, plan_tiles

from .tiny_models import write_tiny_model

edges = st.integers(1, 90)


@settings(max_examples=50, deadline=None)
@given(st.tuples(edges, edges, edges))
def test_tiles_cover_the_image_and_have_legal_edges(shape: tuple[int, int, int]) -> None:
    plan = plan_tiles(shape, TileSize(32, 32**3, 32**3))
    for starts, edge, count in zip(plan.starts, plan.tile, shape, strict=True):
        assert edge % 32 == 0
        assert starts[0] <= 0
        assert starts[-1] + edge >= count
        assert all(0 < b - a <= edge for a, b in pairwise(starts))
        assert len(starts) == 1 or (starts[0] == 0 and starts[-1] + edge == count)


def test_small_images_take_one_pass_and_large_ones_tiles() -> None:
    assert plan_tiles((90, 96, 70), TileSize.on("cpu")).count == 1
    assert plan_tiles((128, 128, 128), TileSize.on("cpu")).tile == (64, 64, 64)


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_tiles_are_like_the_patches_of_the_training_on_every_device(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_plan, "free_memory", lambda device: 80 * 1024**3)
    size, patch = TileSize.on(device), (48, 80, 80)
    assert plan_tiles((96, 200, 120), size, patch).tile == patch
    assert plan_tiles((40, 200, 200), size, patch).tile == (48, 80, 80)
    assert plan_tiles((20, 200, 200), size, patch).tile == (32, 80, 80)
    assert plan_tiles((64, 96, 128), size, patch).count == 1, "hardly larger than a patch"
    assert plan_tiles((200, 200, 200), size, (96, 128, 128)).tile == (96, 128, 128)


@pytest.mark.parametrize(("patch", "tiles"), [(None, 1), ((32, 32, 32), 27)])
def test_an_engine_takes_the_tiles_that_its_card_names(
    patch: tuple[int, int, int] | None, tiles: int, tmp_path: Path
) -> None:
    folder = write_tiny_model(tmp_path / "tiny", "unet")
    card = replace(folder.card, grid=ModelGrid("", patch=patch))
    volume = Volume(np.zeros((64, 64, 64), np.int16), VolumeGeometry.regular((64, 64, 64), np.eye(4)), id="x")
    told: list[str] = []
    predict(
        replace(volume, modality="CT"), replace(folder, card=card), device="cpu",
        progress=lambda _, text="": told.append(text),
    )  # fmt: skip
    assert f"tile {tiles} of {tiles}" in told


def test_where_memory_does_not_hold_a_patch_tiles_are_smaller() -> None:
    assert plan_tiles((128, 128, 128), TileSize(64, 64**3, 64**3).halved(), (64, 64, 64)).tile == (32, 32, 32)
