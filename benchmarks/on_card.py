"""Rows of predictions on a CUDA card beside MONAI's sliding window there; says so where there is no card."""

from __future__ import annotations

from dataclasses import replace

from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Precision
from medseg_app.engines.model_folder import ModelFolder

from .predictions import Usual, foreground_dice, monai, ours
from .row import Row
from .timing import measure

PEER = "MONAI sliding window on the card"
AS_TORCH_COMES = f"{PEER}, TF32 as torch comes"
IN_BFLOAT16 = f"{PEER}, bfloat16"
GOAL = 1 / 1.5
ROUNDS = 3


def card_rows(volume: Volume, folder: ModelFolder, device: str = "cuda:0") -> list[Row]:
    """Exact and fast on the card, from the volume to labels on its grid.

    The peer starts at prepared channels and brings probabilities to the same grid, all at once.
    """
    import torch

    jobs: list[Precision] = ["exact", "fast"]
    names = {job: f"{folder.card.name} on a card, {job}" for job in jobs}
    if not torch.cuda.is_available():
        return [Row(name, None, note="not measured: no GPU") for name in names.values()]
    peers = {
        PEER: monai(folder, volume, device, Usual()),
        AS_TORCH_COMES: monai(folder, volume, device, Usual(tf32=True)),
        IN_BFLOAT16: monai(folder, volume, device, Usual(bfloat16=True)),
    }
    reference = {name: run() for name, run in peers.items()}[PEER]  # the first run warms up
    found = []
    for job in jobs:
        run = ours(folder, volume, job, device)
        agreement = foreground_dice(run(), reference)
        row = measure(names[job], run, peers, {PEER: GOAL}, ROUNDS)
        found.append(replace(row, note=f"foreground Dice to {PEER} {agreement:.4f}"))
    return found
