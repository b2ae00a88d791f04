"""A whole prediction with a shipped model, beside MONAI and nnU-Net with the same network in torch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Precision
from medseg_app.engines.model_folder import ModelFolder, read_model_folder
from medseg_app.engines.predict import build_engine
from medseg_app.engines.reference_engine import reference_engine
from medseg_app.training.dataset import find_cases
from medseg_app.training.recipe import read_recipe
from tests.data_folder import DATA, ROOT

from .nnunet_predictor import is_installed, nnunet
from .on_card import card_rows
from .predictions import Usual, foreground_dice, monai, ours, ours_by
from .row import Row
from .stages import Clock
from .timing import Peers, measure

MODEL, SOURCE = "ct-head-neck-organs", "train/head_neck_ct"
USUAL = Usual(64, on_grid=False)
PEER = "MONAI sliding window, torch"
NNUNET = "nnU-Net's predictor"
STAGES = "network", "stitching", "resampling", "rest"
ROUNDS = 3


def rows() -> list[Row]:
    """Exact and fast on the whole image; then, as the application does it, on the body only, with stages."""
    if not (DATA / SOURCE).is_dir():
        raise FileNotFoundError(f"real data: {SOURCE}")
    recipe = read_recipe(ROOT / "resources/recipes" / MODEL / "recipe.toml")
    reference = find_cases(recipe).validation[0]
    volume = replace(reference.read()[0], modality="CT")
    folder = read_model_folder(ROOT / "models" / MODEL)
    theirs = {PEER: monai(folder, volume, "cpu", USUAL)}
    return [
        *_whole(folder, volume, theirs),
        *_body(folder, volume, theirs),
        _shares(folder, volume),
        *card_rows(volume, folder),
    ]


def _whole(folder: ModelFolder, volume: Volume, theirs: Peers) -> list[Row]:
    """Rows of the whole image, where nnU-Net is a peer too."""
    everywhere = replace(folder, card=replace(folder.card, grid=replace(folder.card.grid, body_above=None)))
    size = " x ".join(map(str, volume.geometry.shape))
    by_torch = _by_torch(everywhere, volume)
    nnunets, note = {}, "not installed"
    if is_installed():
        nnunets[NNUNET] = nnunet(folder, volume, USUAL.edge, USUAL.overlap)
        note = f"{foreground_dice(nnunets[NNUNET](), by_torch):.4f}"
    goals: dict[Precision, float] = {"exact": 0.5, "fast": 0.25}
    found = _rows(f"predict {size}", everywhere, volume, by_torch, {**theirs, **nnunets}, goals)
    return [replace(row, note=f"{row.note}; {NNUNET}: {note}") for row in found]


def _body(folder: ModelFolder, volume: Volume, theirs: Peers) -> list[Row]:
    """Rows of the job as the application does it, which leaves out the air around the body."""
    goals: dict[Precision, float] = {"exact": 0.5, "fast": 0.125}
    what, by_torch = "the same, the body only", _by_torch(folder, volume)
    return _rows(what, folder, volume, by_torch, theirs, goals)


def _rows(
    what: str,
    model: ModelFolder,
    volume: Volume,
    by_torch: np.ndarray,
    peers: Peers,
    goals: dict[Precision, float],
) -> list[Row]:
    """One for each precision, with its agreement with torch."""
    found = []
    for precision, goal in goals.items():
        run = ours(model, volume, precision, "cpu")
        agreement = foreground_dice(run(), by_torch)  # the first run converts the network
        row = measure(f"{what}, {precision}", run, peers, {PEER: goal}, ROUNDS)
        found.append(replace(row, note=f"foreground Dice to torch on the same tiles {agreement:.4f}"))
    return found


def _shares(folder: ModelFolder, volume: Volume) -> Row:
    """Where the time of one run goes that is made as the application makes it."""
    run, clock = ours(folder, volume, "exact", "cpu"), Clock("cpu")
    run()  # the first run converts the network
    shares = clock.shares(run)
    note = ", ".join(f"{stage} {shares.get(stage, 0):.1%}" for stage in STAGES)
    what = f"share of time in {' / '.join(STAGES)} of {folder.card.name}, exact, the body only"
    return Row(what, sum(clock.seconds.values()), note=note)


def _by_torch(model: ModelFolder, volume: Volume) -> np.ndarray:
    reference = reference_engine(build_engine(model), model)
    assert reference is not None
    return ours_by(reference, volume, "exact", "cpu")()
