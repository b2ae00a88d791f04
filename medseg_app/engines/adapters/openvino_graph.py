"""OpenVINO engine: a graph that was made of a trusted program when it was imported."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from medseg_app.core.volume import Volume
from medseg_app.engines.graph_file import unpack_graph
from medseg_app.engines.graph_network import GraphNetwork
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.voxel_engine import VoxelEngine, VoxelSession


class OpenVinoEngine(VoxelEngine):
    """Runs the graph on the processor, whichever device is asked for."""

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder.card, GraphNetwork(folder, _read))

    def open(self, volume: Volume, device: str) -> VoxelSession:
        """Fit a volume to the frame of the model."""
        return super().open(volume, "cpu")


def _read(openvino: ModuleType, data: bytes) -> Any:
    description, constants = unpack_graph(data)
    return openvino.Core().read_model(model=description, weights=constants)
