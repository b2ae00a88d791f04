"""What a run has found so far is shown early, near where the reader looks, and changes no result."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medseg_app.core.box import Box
from medseg_app.core.progress import silent
from medseg_app.core.proposal import Candidate
from medseg_app.core.volume import Volume
from medseg_app.engines import preview as preview_module
from medseg_app.engines import slice_engine
from medseg_app.engines.contract import Request
from medseg_app.engines.predict import build_engine, run_engine
from medseg_app.engines.preview import UnhurriedPreview
from medseg_app.engines.tile_plan import TileSize
from medseg_app.engines.voxel_network import VoxelNetwork

from .grids import AXIAL, grid, turned
from .tiny_models import write_tiny_model

BALL = Candidate("Ball", 1, Box((0, 0, 0), (1, 1, 1)), np.ones((1, 1, 1), bool))


class Clock:
    """A clock that stands still unless told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(preview_module.time, "monotonic", lambda: self.now)


def test_nothing_is_shown_before_anything_was_found(monkeypatch):
    clock, shown = Clock(monkeypatch), []
    preview = UnhurriedPreview(shown.append)
    preview(list)
    clock.now += 10
    preview(lambda: [BALL])
    clock.now += 10
    preview(list)
    assert shown == [(BALL,), ()], "what turns out to be nothing is taken back"


def test_what_is_found_first_is_shown_at_once_and_then_twice_a_second(monkeypatch):
    clock, shown = Clock(monkeypatch), []
    preview = UnhurriedPreview(lambda found: shown.append(clock.now))
    preview(list)
    for _ in range(10):
        clock.now += 0.125
        preview(lambda: [BALL])
    assert shown == [100.125, 100.625, 101.125]


def test_finding_out_takes_a_twentieth_of_the_time_at_most(monkeypatch):
    clock, asked = Clock(monkeypatch), []

    def slow():
        asked.append(clock.now)
        clock.now += 2.0
        return [BALL]

    preview = UnhurriedPreview(lambda found: None)
    while clock.now < 300.0:
        preview(slow)
        clock.now += 0.1
    assert len(asked) == 5
    assert 2.0 * len(asked) <= 0.05 * 200.0


@pytest.fixture
def tumours(tmp_path, monkeypatch):
    """An engine for slices that finds what is bright, and a volume, feet first, with two bright balls."""
    geometry = grid((60, 64, 64), AXIAL * [-3.0, 1.0, 1.0])
    voxels = np.random.default_rng(3).integers(-60, 60, geometry.shape).astype(np.int16)
    for k in (12, 45):
        voxels[k - 3 : k + 3, 20:30, 24:34] = 800

    def finds_what_is_bright(network, images, device):
        masks = [(image[1] > 0.5).astype(np.float32)[None, None] for image in images]
        found = [np.ones(int(mask.any())) for mask in masks]
        return [
            {"labels": one, "scores": 0.9 * one, "masks": mask[: len(one)]}
            for one, mask in zip(found, masks, strict=True)
        ]

    monkeypatch.setattr(slice_engine, "_run", finds_what_is_bright)
    engine = build_engine(write_tiny_model(tmp_path / "tiny", "mask_rcnn"))
    return engine, Volume(voxels, geometry, "1.2", "CT")


def test_slices_next_to_the_reader_come_first(tumours):
    engine, volume = tumours
    shown, reported = [], []

    def preview(found):
        shown.append((reported[-1], tuple(found())))

    def progress(fraction, message=""):
        reported.append(fraction)

    focus = tuple(volume.geometry.to_patient((45, 30, 30)))
    proposal = run_engine(engine, volume, Request(focus_lps=focus), "cpu", progress, preview)
    at, (first,) = next((at, found) for at, found in shown if found)
    assert at <= 0.1
    assert first.box.start[0] >= 42
    assert len(proposal.candidates) == 2
    assert sorted(reported) == reported


def test_where_the_reader_looks_changes_no_voxel(tumours):
    engine, volume = tumours
    far = tuple(volume.geometry.to_patient((500, -90, 0)))
    plain, focused, beyond = (
        run_engine(engine, volume, Request(focus_lps=place), "cpu", silent).candidates
        for place in (None, tuple(volume.geometry.to_patient((30, 3, 3))), far)
    )
    for other in (focused, beyond):
        assert [(c.box, c.score) for c in other] == [(c.box, c.score) for c in plain]
        assert all(np.array_equal(a.mask, b.mask) for a, b in zip(other, plain, strict=True))


@pytest.fixture
def bright(tmp_path, monkeypatch):
    """An engine that marks what is bright, in tiles of 32, and an oblique volume with two bright blocks."""
    geometry = grid((70, 60, 80), turned((17, -12, 25)) @ AXIAL * [3.0, 2.0, 2.0])
    voxels = np.random.default_rng(3).integers(-400, 0, geometry.shape).astype(np.int16)
    voxels[10:20, 10:20, 10:20] = voxels[55:63, 40:50, 60:70] = 900
    seen = []

    def on(network, device, precision):
        def run(tile):
            seen.append(tile.shape)
            marked = (tile[0] > 0.5).float() * 8 - 4
            return torch.stack([-marked, marked, torch.full_like(marked, -9)])

        return run

    monkeypatch.setattr(VoxelNetwork, "on", on)
    monkeypatch.setattr(TileSize, "on", lambda device: TileSize(32, 32**3, 32**3))
    engine = build_engine(write_tiny_model(tmp_path / "tiny", "unet"))
    return engine, Volume(voxels, geometry, "1.2", "CT"), seen


def test_the_tile_at_which_the_reader_looks_comes_first_and_is_computed_once(bright):
    engine, volume, seen = bright
    shown, at = [], []
    look = tuple(volume.geometry.to_patient((58, 45, 65)))

    def preview(found):
        shown.append({voxel for one in found() for voxel in _voxels(one)})
        at.append(len(seen))

    proposal = run_engine(engine, volume, Request(focus_lps=look), "cpu", silent, preview)
    count = len(seen)
    assert at[0] == 1
    assert count >= 10
    inside = {tuple(v) for v in np.argwhere(volume.voxels == 900) if v[0] > 50}
    assert shown[0]
    assert shown[0] <= inside, "the other block lies in another tile"
    final = {voxel for one in proposal.candidates for voxel in _voxels(one)}
    assert final == {tuple(v) for v in np.argwhere(volume.voxels == 900)}
    assert shown[-1] == final
    seen.clear()
    plain = run_engine(engine, volume, Request(), "cpu", silent)
    assert len(seen) == count
    assert {voxel for one in plain.candidates for voxel in _voxels(one)} == final


def _voxels(one):
    return {tuple(v) for v in np.argwhere(one.mask) + one.box.start}
