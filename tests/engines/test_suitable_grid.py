"""Which models single slices are none of the images of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from medseg_app.engines.model_card import Network
from medseg_app.engines.suitable_grid import looks_at_volumes

from .foreign.made_results import arguments
from .tiny_models import write_tiny_model


@pytest.mark.parametrize(
    ("engine", "network", "words", "expected"),
    [
        ("unet", "BasicUNet", {"spatial_dims": 3}, True),
        ("unet", "BasicUNet", {"spatial_dims": 2}, False),
        ("unet", "UNet2015", {}, False),
        ("unet", "NnUNet", arguments("plain"), True),
        ("mask_rcnn", "MaskRCNN", {}, False),
        ("onnx", "Graph", {}, False),
    ],
)
def test_models_for_volumes_are_told_from_those_for_slices(
    engine: str, network: str, words: dict[str, Any], expected: bool, tmp_path: Path
) -> None:
    """Networks of nnU-Net state their kernels and no number of dimensions."""
    folder = write_tiny_model(tmp_path / "tiny", "unet")
    card = replace(folder.card, engine=engine, network=Network(network, words))
    assert looks_at_volumes(replace(folder, card=card)) == expected
