"""A whole prediction in float32 by a shipped model, beside MONAI and nnU-Net with its network in torch."""

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
from .row import NotMeasuredError, Row
from .stages import Clock
from .timing import Peers, measure

MODEL, SOURCE = "ct-head-neck-organs", "train/head_neck_ct"
USUAL = Usual(64, on_grid=False)
PEER = "MONAI sliding window, torch"
NNUNET = "nnU-Net's predictor"
STAGES = "network", "stitching", "resampling", "rest"
WHOLE, BODY = 0.5, 0.5
"""Goals in float32: twice as fast as MONAI."""
ROUNDS = 3


def rows() -> list[Row]:
    """The whole image; then, as the application does it, the body only, with stages; on a card."""
    folder, volume = model_and_image()
    return [
        *beside_monai(folder, volume, "exact", WHOLE, BODY),
        _shares(folder, volume),
        *card_rows(volume, folder),
    ]


def model_and_image() -> tuple[ModelFolder, Volume]:
    """The shipped model, and a patient it never saw."""
    if not (DATA / SOURCE).is_dir():
        raise NotMeasuredError(f"real data: {SOURCE}")
    recipe = read_recipe(ROOT / "resources/recipes" / MODEL / "recipe.toml")
    volume, _ = find_cases(recipe).validation[0].read()
    return read_model_folder(ROOT / "models" / MODEL), replace(volume, modality="CT")


def beside_monai(
    folder: ModelFolder, volume: Volume, precision: Precision, whole: float, body: float
) -> list[Row]:
    """The whole image, where nnU-Net is a peer too, and the body without the air; each has its goal."""
    everywhere = replace(folder, card=replace(folder.card, grid=replace(folder.card.grid, body_above=None)))
    size = " x ".join(map(str, volume.geometry.shape))
    theirs = {PEER: monai(folder, volume, "cpu", USUAL)}
    nnunets, note = _nnunet(folder, volume, everywhere)
    row = _row(f"predict {size}, {precision}", everywhere, volume, precision, {**theirs, **nnunets}, whole)
    only = _row(f"the same, the body only, {precision}", folder, volume, precision, theirs, body)
    return [replace(row, note=f"{row.note}; {NNUNET}: {note}"), only]


def _nnunet(folder: ModelFolder, volume: Volume, everywhere: ModelFolder) -> tuple[Peers, str]:
    if not is_installed():
        return {}, "not installed"
    run = nnunet(folder, volume, USUAL.edge, USUAL.overlap)
    return {NNUNET: run}, f"{foreground_dice(run(), _by_torch(everywhere, volume)):.4f}"


def _row(
    what: str, model: ModelFolder, volume: Volume, precision: Precision, peers: Peers, goal: float
) -> Row:
    """One job beside its peers, with its agreement with torch."""
    run = ours(model, volume, precision, "cpu")
    agreement = foreground_dice(run(), _by_torch(model, volume))  # the first run converts the network
    row = measure(what, run, peers, {PEER: goal}, ROUNDS)
    return replace(row, note=f"foreground Dice to torch on the same tiles {agreement:.4f}")


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
