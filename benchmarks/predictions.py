"""One prediction as MedSeg makes it and as MONAI's sliding window does, on any device; no data, no window.

Needs torch, MONAI, numpy, scipy, safetensors, pydantic and psutil only, so that it runs where a card is lent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from medseg_app.core.progress import silent
from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.adapters.unet import UNetEngine
from medseg_app.engines.contract import Engine, Precision, Request
from medseg_app.engines.device import settle_torch
from medseg_app.engines.fit import Fit, fit_volume
from medseg_app.engines.loaded_network import LoadedNetwork
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.predict import run_engine
from medseg_app.engines.preprocess import Preprocessing

if TYPE_CHECKING:
    from torch import Tensor, nn

Predict = Callable[[], np.ndarray]
"""Gives class values (k, j, i)."""


@dataclass(frozen=True)
class Usual:
    """MONAI's sliding window as its tutorials use it.

    edge: of its tiles. tf32: whether convolutions are rounded to TF32, as torch does unasked. bfloat16:
    whether it runs under autocast. on_grid: whether probabilities are brought to the volume's grid, as ours.
    """

    edge: int = 96
    tf32: bool = False
    bfloat16: bool = False
    on_grid: bool = True
    overlap: float = 0.25
    at_once: int = 4


def ours(folder: ModelFolder, volume: Volume, precision: Precision, device: str) -> Predict:
    """The whole job as the application does it, from the volume to candidates on its grid."""
    return ours_by(UNetEngine(folder), volume, precision, device)


def ours_by(engine: Engine, volume: Volume, precision: Precision, device: str) -> Predict:
    """The same with an engine that is there."""

    def run() -> np.ndarray:
        request = Request(precision=precision, modality=volume.modality)
        return labels_of(run_engine(engine, volume, request, device, silent), volume)

    return run


def labels_of(proposal: Proposal, volume: Volume) -> np.ndarray:
    """Class values of all candidates on the grid of the volume."""
    labels = np.zeros(volume.geometry.shape, np.uint8)
    for candidate in proposal.candidates:
        labels[candidate.box.slices][candidate.mask] = candidate.class_value
    return labels


def monai(folder: ModelFolder, volume: Volume, device: str, usual: Usual) -> Predict:
    """From prepared channels to labels; how the volume becomes channels is left out of the clock."""
    return monai_with(LoadedNetwork(folder).on(device), folder, volume, device, usual)


def monai_with(network: nn.Module, folder: ModelFolder, volume: Volume, device: str, usual: Usual) -> Predict:
    """The same with another network for the channels and classes of a model."""
    import torch
    from monai.inferers import sliding_window_inference

    channels, fit = prepared(folder, volume)
    tile = (usual.edge,) * 3

    def run() -> np.ndarray:
        autocast = torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=usual.bfloat16)
        with torch.inference_mode(), as_torch_comes(usual.tf32), autocast:
            logits = sliding_window_inference(
                channels[None].to(device), tile, usual.at_once, network, usual.overlap, "gaussian"
            )
            chances = logits[0] if not usual.on_grid else on_grid(logits[0].float().softmax(dim=0), fit)
            labels = chances.argmax(dim=0).to(torch.uint8).cpu().numpy()
        return fit.turned_back(labels)

    return run


def prepared(folder: ModelFolder, volume: Volume) -> tuple[Tensor, Fit]:
    """Channels (c, k, j, i) in the frame of the model, and the way back from there."""
    import torch

    fit = fit_volume(volume.geometry, folder.card.grid)
    image = fit.image(volume.voxels)
    maker = Preprocessing.from_json(folder.card.preprocessing).measured(image, volume.modality)
    return torch.from_numpy(maker(image)), fit


def on_grid(chances: Tensor, fit: Fit) -> Tensor:
    """Probabilities (c, k, j, i) of the model's frame, linear on the grid of the volume, all at once."""
    import torch

    for axis, sampling in enumerate(fit.sampling, start=1):
        if not sampling.is_identity:
            matrix = torch.from_numpy(sampling.writing().toarray()).to(chances.device)
            chances = (chances.movedim(axis, -1) @ matrix.T).movedim(-1, axis)
    return chances


@contextmanager
def as_torch_comes(tf32: bool) -> Iterator[None]:
    """cuDNN as torch sets it unasked: algorithms need not be repeatable; TF32 where it is wanted."""
    import torch

    torch.backends.cudnn.deterministic = False
    torch.backends.cudnn.allow_tf32 = tf32
    try:
        yield
    finally:
        settle_torch()


def foreground_dice(a: np.ndarray, b: np.ndarray) -> float:
    """Share of voxels with a class on which two label maps agree; 1 where neither has any."""
    marked = np.count_nonzero(a) + np.count_nonzero(b)
    return 2 * np.count_nonzero((a == b) & (a > 0)) / marked if marked else 1.0
