"""Graphs of other programs keep the engine contract, as ONNX and in OpenVINO's own form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from medseg_app.app.import_model import import_model
from medseg_app.engines.graph_file import pack_graph
from medseg_app.engines.model_card import Network
from medseg_app.engines.model_folder import ModelFolder, read_model_folder
from medseg_app.engines.model_folder_writer import write_model_folder
from medseg_app.engines.openvino_backend import load_openvino
from tests.engines.on_noise import OnNoise

from .made_onnx import segmenting
from .made_programs import CARD

WIDE = CARD.replace("low = -100", "low = -900")
"""Its middle lies between the ellipsoid and the noise."""
ANY_TILE = WIDE.replace("tile = [16, 16, 16]", "spacing_mm = [3.0, 2.0, 2.0]")


def imported(place: Path, card: str, data: bytes) -> ModelFolder:
    """The model folder of an ONNX file with this card."""
    path = place / "net.onnx"
    path.write_bytes(data)
    path.with_suffix(".toml").write_text(card)
    return read_model_folder(import_model(path, models=place / "models").folder)


def by_openvino(place: Path, model: ModelFolder) -> ModelFolder:
    """The same graph in a model folder as it is made of TorchScript, but without running a program."""
    openvino, graph = load_openvino(), place / "graph.xml"
    read = openvino.Core().read_model(model.path / model.card.weights)
    openvino.save_model(read, graph, compress_to_fp16=False)
    card = replace(
        model.card, engine="openvino", network=Network("OpenVINO", {"output": "logits"}),
        weights="models/model.safetensors",
    )  # fmt: skip
    weights = pack_graph(graph.read_bytes(), graph.with_suffix(".bin").read_bytes())
    return write_model_folder(place / "graph", card, weights)


class TestOnnx(OnNoise):
    """A graph for tiles of any size, on resampled images."""

    engine = "onnx"

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
        return imported(tmp_path_factory.mktemp("onnx"), ANY_TILE, segmenting())


class TestOpenVino(OnNoise):
    """A graph for tiles of one size, as it is made of every program."""

    engine = "openvino"

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
        place = tmp_path_factory.mktemp("openvino")
        return by_openvino(place, imported(place, WIDE, segmenting((1, 1, 16, 16, 16))))
