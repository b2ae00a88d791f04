"""nnU-Net's own predictor over the network of a model folder; the extra "totalsegmentator" brings it."""

from __future__ import annotations

from contextlib import redirect_stdout
from importlib.util import find_spec
from typing import Any

import numpy as np

from medseg_app.core.volume import Volume
from medseg_app.engines.loaded_network import LoadedNetwork
from medseg_app.engines.model_folder import ModelFolder

from .predictions import Predict, prepared

CONFIGURATION = "3d_fullres"


def is_installed() -> bool:
    """Whether nnU-Net can be imported."""
    return find_spec("nnunetv2") is not None


def nnunet(folder: ModelFolder, volume: Volume, edge: int, overlap: float) -> Predict:
    """From prepared channels to labels on the processor, with a Gaussian and without mirroring.

    Tiles lie as ours do. nnU-Net adds up logits in float16. MONAI's labels differ a little more, for it puts
    tiles elsewhere and gives the corners of each more weight.
    """
    import torch

    channels, fit = prepared(folder, volume)
    with redirect_stdout(None):  # it tells what a card would do, and that it has no folders of its own
        predictor = _predictor(folder, edge, overlap)

    def run() -> np.ndarray:
        with torch.inference_mode():
            logits = predictor.predict_sliding_window_return_logits(channels)
            labels = predictor.label_manager.convert_logits_to_segmentation(logits)
        return fit.turned_back(labels.to(torch.uint8).numpy())

    return run


def _predictor(folder: ModelFolder, edge: int, overlap: float) -> Any:
    """Its predictor with what it reads of plans and data set: the size of a tile, and the classes."""
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    # Without an architecture it takes the plans for old ones, and asks for more.
    configuration = {"patch_size": [edge] * 3, "architecture": {}}
    plans = PlansManager({"label_manager": "LabelManager", "configurations": {CONFIGURATION: configuration}})
    classes = {segment.name: value for value, segment in folder.card.labels.items()}
    predictor = nnUNetPredictor(
        tile_step_size=1 - overlap, use_mirroring=False, device=torch.device("cpu"), allow_tqdm=False
    )
    predictor.manual_initialization(
        network=LoadedNetwork(folder).on("cpu"),
        plans_manager=plans,
        configuration_manager=plans.get_configuration(CONFIGURATION),
        parameters=None,  # the weights are in the network
        dataset_json={"labels": {"background": 0, **classes}},
        trainer_name="",
        inference_allowed_mirroring_axes=None,
    )
    return predictor
