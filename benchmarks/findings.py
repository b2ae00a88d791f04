"""Findings of a shipped Mask R-CNN in whole series, beside plain loops of torchvision over the slices.

One peer is the same trained network with torchvision's numbers of proposals, whose AP is told. The other is
Mask R-CNN as torchvision builds it around the same body, with its own heads: it is not trained here, so its
AP is not known, and its masks are left out of the clock, as its number of findings would mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from medseg_app.core.volume import Volume
from medseg_app.engines import slice_engine
from medseg_app.engines.contract import Engine, Request
from medseg_app.engines.fit import fit_volume
from medseg_app.engines.loaded_network import LoadedNetwork
from medseg_app.engines.model_folder import ModelFolder, read_model_folder
from medseg_app.engines.predict import build_engine, run_engine
from medseg_app.engines.preprocess import Preprocessing, slice_with_neighbours
from medseg_app.engines.slice_pyramid import AsTheyAre
from medseg_app.metrics.detection import measure_detection
from medseg_app.metrics.instances import Finding
from medseg_app.training.dataset import find_cases
from medseg_app.training.instance_figures import Piece, pieces
from medseg_app.training.recipe import read_recipe
from tests.data_folder import DATA, ROOT

from .row import NotMeasuredError, Row
from .timing import measure

if TYPE_CHECKING:
    import torch
    from torch import nn

MODEL, SOURCE, MODALITY = "sarcoma-mask-rcnn", "train/soft_tissue_sarcoma", "CT"
PATIENTS = 4
USUAL = {"pre": 1000, "post": 1000, "findings": 100}
"""torchvision's own numbers of proposals and findings in use."""
LEAST = 0.1
ROUNDS = 3


def rows() -> list[Row]:
    """All slices of some patients that the model never saw."""
    if not (DATA / SOURCE).is_dir():
        raise NotMeasuredError(f"real data: {SOURCE}")
    recipe = read_recipe(ROOT / "resources/recipes" / MODEL / "recipe.toml")
    references = [r for r in find_cases(recipe).validation if r.modality == MODALITY][:PATIENTS]
    whole: list[Piece] = [next(iter(pieces(reference, {}, recipe.values))) for reference in references]
    folder = read_model_folder(ROOT / "models" / MODEL)
    ours, plain = build_engine(folder), _with_usual_numbers(folder)
    mine, theirs = _ap(ours, whole), _ap(plain, whole)
    slices = _slices(folder, [piece.volume for piece in whole])
    loops = {
        "same network, torchvision's numbers": _loop(_usual(LoadedNetwork(folder).on("cpu")), slices),
        "torchvision's ResNet-18 Mask R-CNN, no masks": _loop(_as_built(len(slices[0])), slices),
    }
    row = measure(
        f"findings in {sum(len(piece.volume.voxels) for piece in whole)} slices of {PATIENTS} CTs",
        lambda: [_propose(ours, piece.volume) for piece in whole],
        loops,
        dict.fromkeys(loops, 1 / 3),
        ROUNDS,
    )
    return [replace(row, note=f"AP at IoU 0.1 {mine:.3f}, with torchvision's numbers {theirs:.3f}")]


def _propose(engine: Engine, volume: Volume, min_score: float | None = None) -> Any:
    return run_engine(engine, volume, Request(min_score=min_score, modality=MODALITY), "cpu", lambda *_: None)


def _ap(engine: Engine, whole: list[Piece]) -> float:
    cases = []
    for piece in whole:
        found = _propose(engine, piece.volume, LEAST).candidates
        cases.append(([Finding(c.box, c.mask, c.name, c.score) for c in found], piece.truths))
    return measure_detection(cases).ap["0.1"] or 0.0


def _usual(network: Any) -> Any:
    """The network with torchvision's own numbers."""
    network.rpn._pre_nms_top_n["testing"] = USUAL["pre"]
    network.rpn._post_nms_top_n["testing"] = USUAL["post"]
    network.roi_heads.detections_per_img = USUAL["findings"]
    network.roi_heads.score_thresh = 0.05
    return network


def _with_usual_numbers(folder: ModelFolder) -> Engine:
    engine = slice_engine.SliceEngine(folder)
    network = _usual(LoadedNetwork(folder).on("cpu"))
    engine._network = type("Loaded", (), {"on": lambda self, device: network})()
    return engine


def _as_built(channels: int) -> nn.Module:
    """Mask R-CNN of torchvision's parts and numbers for slices as they are."""
    from torch import nn
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

    body = resnet_fpn_backbone(backbone_name="resnet18", weights=None, trainable_layers=5)
    body.body.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
    network = MaskRCNN(body, num_classes=2, box_score_thresh=1.0)
    network.transform = AsTheyAre(1, 1, [0.0], [1.0])
    return network.eval()


def _slices(folder: ModelFolder, volumes: list[Volume]) -> list[torch.Tensor]:
    """Channels (c, j, i) of every slice; resampling is left out of the clock, in favour of the peers."""
    import torch

    preprocessing = Preprocessing.from_json(folder.card.preprocessing)
    found = []
    for volume in volumes:
        image = fit_volume(volume.geometry, folder.card.grid).image(volume.voxels)
        channels = preprocessing.measured(image, MODALITY)(image)
        found += [slice_with_neighbours(channels, k, preprocessing.neighbours) for k in range(len(image))]
    return [torch.from_numpy(one) for one in found]


def _loop(network: nn.Module, slices: list[torch.Tensor]) -> Callable[[], object]:
    """Every slice through a network, as a tutorial does it."""
    import torch

    def run() -> list[np.ndarray]:
        with torch.inference_mode():
            return [network([one])[0]["masks"].numpy() for one in slices]

    return run
