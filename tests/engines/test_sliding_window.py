"""Blending tiles gives back what a voxel-wise network says, on any shape, with true progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_app.core.box import Box
from medseg_app.core.errors import Cancelled
from medseg_app.core.progress import silent
from medseg_app.engines.sliding_window import mirrored, slide
from medseg_app.engines.tile_plan import TileSize, plan_fixed_tiles, plan_tiles

SMALL_TILES = TileSize(32, 32**3, 32**3)
edges = st.integers(1, 90)


def _image(shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(sum(shape)).random(shape, np.float32)


def reading(image: np.ndarray) -> Callable[[Box], torch.Tensor]:
    """Reads a tile as one channel."""
    return lambda box: torch.from_numpy(np.array(mirrored(image, box)[None]))


def joined(slabs: Iterator[torch.Tensor]) -> np.ndarray:
    """The whole image; slabs share their memory, so each is copied before the next."""
    return np.concatenate([slab.numpy().copy() for slab in slabs], axis=1)


@settings(max_examples=25, deadline=None)
@given(st.tuples(edges, edges, edges))
def test_a_voxelwise_network_comes_back_exactly_as_from_one_pass(shape: tuple[int, int, int]) -> None:
    image = _image(shape)
    plan = plan_tiles(shape, SMALL_TILES)
    read = reading(image)
    slabs = slide(plan, lambda box: torch.cat([read(box), 1 - read(box)]), silent)
    whole = joined(slabs)
    np.testing.assert_allclose(whole[0], image, atol=1e-5)
    np.testing.assert_allclose(whole[1], 1 - image, atol=1e-5)


def test_mirroring_equals_numpy_symmetric_padding() -> None:
    image = _image((3, 5, 40))
    padded = np.pad(image, ((7, 8), (2, 3), (0, 5)), mode="symmetric")
    np.testing.assert_array_equal(mirrored(image, Box((-7, -2, 0), (11, 8, 45))), padded)


def test_progress_counts_tiles_and_cancel_stops_at_the_next_one() -> None:
    image = _image((80, 40, 40))
    plan = plan_tiles(image.shape, SMALL_TILES)
    reports: list[float] = []
    ran: list[int] = []

    def watch(fraction: float, message: str = "") -> None:
        reports.append(fraction)

    list(slide(plan, reading(image), watch))
    assert reports == [n / plan.count for n in range(plan.count + 1)]

    def stop_third(fraction: float, message: str = "") -> None:
        if len(ran) == 2:
            raise Cancelled

    def run(box: Box) -> torch.Tensor:
        ran.append(1)
        return reading(image)(box)

    with pytest.raises(Cancelled):
        list(slide(plan, run, stop_third))
    assert len(ran) == 2


@settings(deadline=None, max_examples=25)
@given(shape=st.tuples(edges, edges, edges), overlap=st.sampled_from([0.0, 0.25, 0.5]))
def test_fixed_tiles_have_their_size_cover_the_image_and_blend_to_the_same(shape, overlap):
    tile = (20, 33, 48)
    plan = plan_fixed_tiles(shape, tile, overlap)
    assert plan.tile == tile
    for starts, edge, count in zip(plan.starts, tile, shape, strict=True):
        assert starts[0] <= 0
        assert starts[-1] + edge >= count
        assert all(0 < b - a <= edge * (1 - overlap) + 1 for a, b in pairwise(starts))
    image = np.random.default_rng(1).random(shape).astype(np.float32)
    slabs = slide(plan, reading(image), silent)
    np.testing.assert_allclose(joined(slabs)[0], image, atol=1e-5)
