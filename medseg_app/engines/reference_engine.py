"""The engine that others are measured by: the same model, computed by torch alone."""

from __future__ import annotations

from .contract import Engine
from .model_folder import ModelFolder
from .slice_engine import SliceEngine
from .voxel_engine import VoxelEngine
from .voxel_network import VoxelNetwork


def reference_engine(engine: Engine, folder: ModelFolder) -> Engine | None:
    """The model of an engine by torch; the engine itself where torch computes it anyway.

    None where there is no network in torch: a graph of another program, an engine of another package.
    """
    if isinstance(engine, VoxelEngine) and isinstance(engine.network, VoxelNetwork):
        network = VoxelNetwork(folder, compiler=lambda *_: None)
        return VoxelEngine(folder.card, network, network.slice_tiles)
    return engine if isinstance(engine, SliceEngine) else None
