"""The weights of a MONAI bundle: read as numbers, or a graph that stands for a program of the bundle's."""

from __future__ import annotations

from pathlib import Path

from medseg_app.core.errors import ModelError
from medseg_app.engines.checksums import inside
from medseg_app.engines.model_card import ModelCard, Network

from .bundle_code import graph_of_code, require_trust
from .bundle_config import BundleConfig
from .bundle_network import NetworkCode
from .torchscript import graph_of
from .weight_file import checkpoint_weights

SAFETENSORS, CHECKPOINT, PROGRAM = "models/model.safetensors", "models/model.pt", "models/model.ts"
FROM_BUNDLE = "imported by MedSeg from a MONAI bundle"
FROM_CODE = f"{FROM_BUNDLE}; its network is an OpenVINO graph made from the bundle's code"


def bundle_weights(
    config: BundleConfig, card: ModelCard, network: Network | NetworkCode, consent: bool
) -> tuple[ModelCard, bytes, str]:
    """The card for the weights, the weights, and how they were made, in words.

    Taken is the best that the bundle has: safetensors, else a checkpoint, else TorchScript. consent: programs
    may be run once, contained. Raises ModelError with the file or key that is the reason.
    """
    folder = config.path.parents[1]
    weights = next((name for name in (SAFETENSORS, CHECKPOINT) if (folder / name).is_file()), None)
    if weights is None:
        return *graph_of(_program(folder), card, consent), FROM_BUNDLE
    if isinstance(network, NetworkCode):
        require_trust(config, network, card, consent)
        return *graph_of_code(config, network, card, _safetensors(folder, weights)), FROM_CODE
    return card, _safetensors(folder, weights), FROM_BUNDLE


def _safetensors(folder: Path, name: str) -> bytes:
    path = inside(folder, name)
    return path.read_bytes() if name == SAFETENSORS else checkpoint_weights(path)


def _program(folder: Path) -> Path:
    if not (folder / PROGRAM).is_file():
        raise ModelError(f"{folder} holds no weights ({CHECKPOINT}).", "Copy the whole bundle again.")
    return inside(folder, PROGRAM)
