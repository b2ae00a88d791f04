"""Proof that an imported model works, before it gets its name: weights fit the network, answers the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medseg_app.core.errors import ModelError
from medseg_app.engines.model_card import ModelCard
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.preprocess import Preprocessing
from medseg_app.engines.registry import load_engine
from medseg_app.engines.slice_tiles import SliceTiles
from medseg_app.engines.tile_plan import LEGAL_STEP

if TYPE_CHECKING:
    from torch import nn

OF_BUILT_NETWORKS = ("unet", "mask_rcnn", "yolact", "mask2former", "detr")
EDGE = 64
"""Edge of the tile that is tried where the card names none."""


def prove(folder: ModelFolder) -> None:
    """Raises ModelError where the engine is not there, or card, network and weights do not belong together.

    Graphs (ONNX, OpenVINO) were computed once when they were converted.
    """
    from medseg_app.engines.loaded_network import LoadedNetwork
    from medseg_app.engines.networks import BUILDERS

    load_engine(folder.card.engine)
    if folder.card.engine not in OF_BUILT_NETWORKS and folder.card.network.name not in BUILDERS:
        return
    network = LoadedNetwork(folder).on("cpu")
    if folder.card.engine == "unet":
        _prove_answer(network, folder.card)


def _prove_answer(network: nn.Module, card: ModelCard) -> None:
    """Shapes are computed without numbers, so that a network of any size is tried at once."""
    import torch

    preprocessing = Preprocessing.from_json(card.preprocessing)
    tiles = SliceTiles.of(card.network, preprocessing)
    edges = _edges(card, tiles)
    try:
        with torch.inference_mode():
            answer = network.to("meta")(torch.empty(1, preprocessing.in_channels, *edges, device="meta"))
    except ImportError as error:  # MONAI notices only now that a package is missing
        raise ModelError(
            f"The network {card.network.name} needs a package that is not installed.",
            "Install MedSeg with its extra transformers.",
        ) from error
    except (RuntimeError, ValueError, AssertionError, IndexError, TypeError, NotImplementedError) as error:
        first_line = str(error).strip().partition("\n")[0][:200]
        raise ModelError(
            f"The network of {card.name} does not take tiles of {edges} voxels ({first_line}).",
            "Its tile size has to suit its network.",
        ) from error
    answered = edges if tiles is None or not tiles.margin else tuple(answer.shape[2:])
    wanted = (1, len(card.labels) + 1, *answered)
    if not isinstance(answer, torch.Tensor) or tuple(answer.shape) != wanted:
        shape = tuple(answer.shape) if isinstance(answer, torch.Tensor) else type(answer).__name__
        raise ModelError(f"The network of {card.name} answers with {shape} where its card means {wanted}.")


def _edges(card: ModelCard, tiles: SliceTiles | None) -> tuple[int, ...]:
    """Edges of a tile that the network has to take, its margin with it."""
    if tiles is None:
        return card.grid.tile or (EDGE, EDGE, EDGE)
    return (LEGAL_STEP + 2 * tiles.margin,) * 2
