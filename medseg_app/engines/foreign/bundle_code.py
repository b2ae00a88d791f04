"""Python code of a MONAI bundle: run only where the user trusts it, once, and in a child without rights."""

from __future__ import annotations

from pathlib import Path

from medseg_app.engines.model_card import ModelCard

from .bundle_config import BundleConfig
from .bundle_copy import copy_bundle
from .bundle_network import NetworkCode
from .consent import require_consent
from .program_graph import graph_of_program

BUNDLE, WEIGHTS = "bundle", "weights.safetensors"
"""What the child is given: a copy of the bundle, and its weights as they were converted without its code."""


def require_trust(config: BundleConfig, code: NetworkCode, card: ModelCard, consent: bool) -> None:
    """Raises ConsentNeeded where the user did not agree; ModelError where agreeing would be of no use."""
    if card.grid.tile is None:
        config.refuse("inferer#roi_size", "states no size of tiles, for which a graph of its network is made")
    require_consent(
        f"{code.why} The network of this bundle is Python code, and is not run unless you trust it.", consent
    )


def graph_of_code(
    config: BundleConfig, code: NetworkCode, card: ModelCard, weights: bytes
) -> tuple[ModelCard, bytes]:
    """The card and the weights of a model whose network the code of a bundle builds.

    card: names tiles and classes. weights: a safetensors file. Raises ModelError where this computer cannot
    keep the code from the user's files, where the bundle holds a link out of it, and where its network is not
    what its card says.
    """
    folder = config.path.parents[1]

    def put(place: Path) -> None:
        copy_bundle(folder, place / BUNDLE)
        (place / WEIGHTS).write_bytes(weights)

    options = {"config": config.path.relative_to(folder).as_posix(), "network": code.place}
    return graph_of_program("bundle code", folder, put, card, options)
