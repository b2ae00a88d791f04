"""U-Net engine: a network of the allowlist, for volumes or for slices, that gives every voxel a class."""

from __future__ import annotations

from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.voxel_engine import VoxelEngine
from medseg_app.engines.voxel_network import VoxelNetwork


class UNetEngine(VoxelEngine):
    """Runs a network with safetensors weights."""

    def __init__(self, folder: ModelFolder) -> None:
        network = VoxelNetwork(folder)
        super().__init__(folder.card, network, network.slice_tiles)
