"""ONNX engine: a graph in the open exchange format gives every voxel a class."""

from __future__ import annotations

import io
from types import ModuleType
from typing import Any

from medseg_app.core.volume import Volume
from medseg_app.engines.graph_network import GraphNetwork
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.onnx_scan import scan_onnx
from medseg_app.engines.voxel_engine import VoxelEngine, VoxelSession


class OnnxEngine(VoxelEngine):
    """Runs models/model.onnx on the processor, whichever device is asked for."""

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder.card, GraphNetwork(folder, _read))

    def open(self, volume: Volume, device: str) -> VoxelSession:
        """Fit a volume to the frame of the model."""
        return super().open(volume, "cpu")


def _read(openvino: ModuleType, data: bytes) -> Any:
    """The graph from memory: without a path it has no other files to name."""
    scan_onnx(data)
    return openvino.Core().read_model(io.BytesIO(data))
