"""The graph of OpenVINO's that a contained child makes of a program, and that stands for it from then on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from medseg_app.engines.model_card import ModelCard, Network
from medseg_app.engines.preprocess import Preprocessing

from .sandbox import run_contained

ENGINE = "openvino"
LOGITS = Network("OpenVINO", {"output": "logits"})
"""The network of a card whose graph gives logits."""


def graph_of_program(
    job: str, source: Path, put: Callable[[Path], object], card: ModelCard, options: dict[str, Any]
) -> tuple[ModelCard, bytes]:
    """The card and the weights of a model whose program a job of the contained child runs once.

    job, source, put: as for `run_contained`. card: names classes and the size of the tiles. options: what
    the job wants to know beside those. Raises ModelError where this computer cannot keep the program from
    the user's files, and where the program is not what its card says.
    """
    channels = Preprocessing.from_json(card.preprocessing).in_channels
    sizes = {"channels": channels, "classes": len(card.labels) + 1, "tile": card.grid.tile}
    graph = run_contained(job, source, put, {**options, **sizes}, strict=True)
    network = Network("OpenVINO", {"output": card.network.arguments.get("output", "logits")})
    return replace(card, engine=ENGINE, network=network, weights="models/model.safetensors"), graph
