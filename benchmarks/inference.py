"""A whole prediction with a shipped model, beside MONAI's sliding window over the same network in torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Engine, Precision, Request
from medseg_app.engines.fit import fit_volume
from medseg_app.engines.loaded_network import LoadedNetwork
from medseg_app.engines.model_folder import ModelFolder, read_model_folder
from medseg_app.engines.predict import build_engine, run_engine
from medseg_app.engines.preprocess import Preprocessing
from medseg_app.engines.reference_engine import reference_engine
from medseg_app.training.dataset import find_cases
from medseg_app.training.recipe import read_recipe
from tests.data_folder import DATA, ROOT

from .row import Row
from .timing import measure

MODEL, SOURCE = "ct-head-neck-organs", "train/head_neck_ct"
EDGE, OVERLAP = 64, 0.25
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
    theirs = _monai(folder, volume)
    size = " x ".join(map(str, volume.geometry.shape))
    jobs: list[tuple[str, ModelFolder, Precision, float]] = [
        (f"predict {size}, exact", everywhere, "exact", 0.5),
        (f"predict {size}, fast", everywhere, "fast", 0.25),
        ("the same, exact, the body only", folder, "exact", 0.5),
        ("the same, fast, the body only", folder, "fast", 0.125),
    ]
    found = []
    for what, model, precision, goal in jobs:
        ours = _ours(build_engine(model), volume, precision)
        agreement = _foreground_dice(ours(), _by_torch(model, volume))  # the first run converts the network
        row = measure(what, ours, {PEER: theirs}, {PEER: goal}, ROUNDS)
        found.append(replace(row, note=f"foreground Dice to torch on the same tiles {agreement:.4f}"))
    return found


def _by_torch(model: ModelFolder, volume: Volume) -> np.ndarray:
    reference = reference_engine(build_engine(model), model)
    assert reference is not None
    return _ours(reference, volume, "exact")()


def _ours(engine: Engine, volume: Volume, precision: Precision) -> Callable[[], np.ndarray]:
    def run() -> np.ndarray:
        request = Request(precision=precision, modality="CT")
        return _labels(run_engine(engine, volume, request, "cpu", lambda *_: None), volume)

    return run


def _labels(proposal: Proposal, volume: Volume) -> np.ndarray:
    labels = np.zeros(volume.geometry.shape, np.uint8)
    for candidate in proposal.candidates:
        labels[candidate.box.slices][candidate.mask] = candidate.class_value
    return labels


def _monai(folder: ModelFolder, volume: Volume) -> Callable[[], np.ndarray]:
    """MONAI's usual settings, from prepared channels to labels, in the frame of the model."""
    import torch
    from monai.inferers import sliding_window_inference

    network = LoadedNetwork(folder).on("cpu")
    fit = fit_volume(volume.geometry, folder.card.grid)
    image = fit.image(volume.voxels)
    channels = torch.from_numpy(
        Preprocessing.from_json(folder.card.preprocessing).measured(image, "CT")(image)
    )

    def run() -> np.ndarray:
        with torch.inference_mode():
            logits = sliding_window_inference(channels[None], (EDGE,) * 3, 4, network, OVERLAP, "gaussian")
        return fit.turned_back(logits[0].argmax(0).to(torch.uint8).numpy())

    return run


def _foreground_dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero((a == b) & (a > 0)) / (np.count_nonzero(a) + np.count_nonzero(b))
