"""A whole prediction with a shipped model, beside MONAI's sliding window over the same network in torch."""

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

from .on_card import card_rows
from .predictions import Usual, foreground_dice, monai, ours, ours_by
from .row import Row
from .timing import measure

MODEL, SOURCE = "ct-head-neck-organs", "train/head_neck_ct"
EDGE = 64
PEER = "MONAI sliding window, torch"
ROUNDS = 3


def rows() -> list[Row]:
    """Exact and fast on the whole image, and the job as the application does it: the body only."""
    if not (DATA / SOURCE).is_dir():
        raise FileNotFoundError(f"real data: {SOURCE}")
    recipe = read_recipe(ROOT / "resources/recipes" / MODEL / "recipe.toml")
    reference = find_cases(recipe).validation[0]
    volume = replace(reference.read()[0], modality="CT")
    folder = read_model_folder(ROOT / "models" / MODEL)
    everywhere = replace(folder, card=replace(folder.card, grid=replace(folder.card.grid, body_above=None)))
    theirs = monai(folder, volume, "cpu", Usual(EDGE, on_grid=False))
    size = " x ".join(map(str, volume.geometry.shape))
    jobs: list[tuple[str, ModelFolder, Precision, float]] = [
        (f"predict {size}, exact", everywhere, "exact", 0.5),
        (f"predict {size}, fast", everywhere, "fast", 0.25),
        ("the same, exact, the body only", folder, "exact", 0.5),
        ("the same, fast, the body only", folder, "fast", 0.125),
    ]
    found = []
    for what, model, precision, goal in jobs:
        run = ours(model, volume, precision, "cpu")
        agreement = foreground_dice(run(), _by_torch(model, volume))  # the first run converts the network
        row = measure(what, run, {PEER: theirs}, {PEER: goal}, ROUNDS)
        found.append(replace(row, note=f"foreground Dice to torch on the same tiles {agreement:.4f}"))
    return [*found, *card_rows(volume, folder)]


def _by_torch(model: ModelFolder, volume: Volume) -> np.ndarray:
    reference = reference_engine(build_engine(model), model)
    assert reference is not None
    return ours_by(reference, volume, "exact", "cpu")()
