"""The network, tiles and answer of a MONAI bundle, in the words of a model card."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from medseg_app.engines.model_card import Network
from medseg_app.engines.networks import MONAI

from .bundle_config import BundleConfig, Component, NeedsCode

PLACES = ("network_def", "network", "net")
"""Keys at which bundles describe their network, first one first."""
ITS_MODULE = r"(?:monai\.networks\.nets\.(?:[a-z]\w*\.)?)?"
GONE = {"img_size"}
"""Arguments that MONAI took from its networks because they changed nothing."""
WINDOWED = {"SlidingWindowInferer", "SlidingWindowInfererAdapt"}
Tile = tuple[int, int, int] | None


@dataclass(frozen=True)
class NetworkCode:
    """A network that only running Python code can build.

    place: the key at which it stands. why: the sentence that says why it is not taken as data.
    """

    place: str
    why: str


def bundle_network(config: BundleConfig) -> Network | NetworkCode:
    """The network of the bundle, as data where MedSeg builds it. Raises ModelError where there is none."""
    place = _place(config)
    try:
        return _listed(config, place)
    except NeedsCode as reason:
        return NetworkCode(place, reason.message)


def _place(config: BundleConfig) -> str:
    """The first key that describes a network, or else the first one that is there at all."""
    there = [place for place in PLACES if config.at(place) is not None]
    if not there:
        config.refuse(PLACES[0], "is missing")
    return next((place for place in there if isinstance(config.at(place), dict)), there[0])


def _listed(config: BundleConfig, place: str) -> Network:
    component = config.component(place)
    if component.name not in MONAI or not re.fullmatch(ITS_MODULE + component.name, component.target):
        known = ", ".join(MONAI)
        config.leave_to_code(place, f"is {component.target}; networks that MedSeg builds are {known}")
    arguments = {
        key: config.literal(value, f"{place}#{key}")
        for key, value in component.arguments.items()
        if key not in GONE
    }
    if arguments.get("spatial_dims", 3) != 3:
        config.refuse(f"{place}#spatial_dims", "is not 3, and bundles for slices are not read")
    return Network(component.name, arguments)


def bundle_tiles(config: BundleConfig) -> tuple[Tile, float]:
    """The size of the tiles (in the order of the network's axes) and their overlap, as its inferer says."""
    if config.at("inferer") is None:
        return None, 0.25
    inferer = config.component("inferer")
    if inferer.name == "SimpleInferer":
        return None, 0.25
    if inferer.name not in WINDOWED:
        config.refuse("inferer", f"is {inferer.target}; only sliding windows and SimpleInferer are known")
    overlap = config.literal(inferer.arguments.get("overlap", 0.25), "inferer#overlap")
    overlaps = overlap if isinstance(overlap, list) else [overlap]
    if not overlaps or not all(isinstance(one, int | float) and 0 <= one < 1 for one in overlaps):
        config.refuse("inferer#overlap", "is no share between 0 and 1")
    return _tile(config, inferer), float(max(overlaps))


def _tile(config: BundleConfig, inferer: Component) -> Tile:
    roi = config.literal(inferer.arguments.get("roi_size"), "inferer#roi_size")
    edges = roi if isinstance(roi, list) else [roi] * 3
    if len(edges) != 3 or not all(edge is None or isinstance(edge, int) for edge in edges):
        config.refuse("inferer#roi_size", "is not the size of a tile in three directions")
    if any(edge is None or edge <= 0 for edge in edges):  # a whole axis: the device decides
        return None
    return edges[0], edges[1], edges[2]


def bundle_remarks(config: BundleConfig) -> tuple[str, ...]:
    """What the bundle does with its answers that MedSeg does not.

    Raises ModelError where answers are not one class for every voxel.
    """
    if config.at("postprocessing") is None:
        return ()
    remarks: list[str] = []
    for step in config.components("postprocessing"):
        kind = step.name.removesuffix("d")
        if kind in ("Activations", "AsDiscrete"):
            _require_one_class(config, step)
        elif kind not in ("Invert", "SaveImage", "EnsureType", "CastToType", "ToTensor", "CopyItems"):
            remarks.append(f"Its step {step.name} after the network is left out.")
    return tuple(remarks)


def _require_one_class(config: BundleConfig, step: Component) -> None:
    for key in ("sigmoid", "threshold", "other"):
        value: Any = config.literal(step.arguments.get(key), f"{step.place}#{key}")
        if value not in (None, False):
            config.refuse(f"{step.place}#{key}", "gives a voxel several classes, which is not supported")
