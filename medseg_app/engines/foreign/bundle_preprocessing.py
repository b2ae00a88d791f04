"""The preprocessing of a MONAI bundle, in the words of a model card (see preprocess.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .bundle_config import BundleConfig, Component

TYPED = ("EnsureType", "CastToType")
LEFT_ALONE = {
    "LoadImage", "EnsureChannelFirst", "AddChannel", *TYPED, "ToTensor", "ToDevice", "SpatialPad",
    "DivisiblePad", "SelectItems",
}  # fmt: skip
"""Steps that are about files, types and borders, which MedSeg settles in its own way."""
LATER = (
    "The bundle scales intensities before it resamples, MedSeg after; beside sharp edges voxels can differ."
)
COMMON = {
    "keys", "padding_mode", "align_corners", "dtype", "allow_missing_keys", "lazy", "meta_keys",
    "meta_key_postfix", "image_only", "channel_wise", "scale_extent", "recompute_affine",
}  # fmt: skip
"""Arguments that change nothing for one image of one channel, resampled linearly."""


@dataclass
class Found:
    """What the steps read so far ask for: letters and mm in the order of the network's axes.

    remarks: what is not quite as MONAI does it.
    """

    orientation: str = ""
    spacing_mm: tuple[float, float, float] | None = None
    channel: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def bundle_preprocessing(config: BundleConfig) -> Found:
    """Orientation, spacing and channel. Raises ModelError naming the key that cannot be kept."""
    found = Found()
    for step in config.components("preprocessing"):
        kind = step.name.removesuffix("Dict").removesuffix("D").removesuffix("d")
        images = _images(config, step)
        if len(images) > 1:
            config.refuse(f"{step.place}#keys", "names several images; models of one image are supported")
        if images and kind in TYPED:
            _require_fractions(config, step)
        if not images or kind in LEFT_ALONE:
            continue
        if kind in STEPS:
            STEPS[kind](_Arguments(config, step), found)
        else:
            config.refuse(step.place, f"is {step.target}, a step that MedSeg does not know")
    if not found.orientation:
        config.refuse("preprocessing", "has no Orientationd, so nobody knows how the axes must lie")
    if not found.channel:
        config.refuse("preprocessing", "scales no intensities in a way that MedSeg knows")
    return found


def _images(config: BundleConfig, step: Component) -> list[Any]:
    """What the step is done to, but for labels, which are there in training only."""
    keys = config.literal(step.arguments.get("keys", "image"), f"{step.place}#keys")
    return [key for key in (keys if isinstance(keys, list) else [keys]) if key != "label"]


def _require_fractions(config: BundleConfig, step: Component) -> None:
    """Types are named in many ways, as expressions too; whole numbers would cut voxels off."""
    wanted = step.arguments.get("dtype")
    if wanted is not None and "float" not in str(wanted):
        config.refuse(f"{step.place}#dtype", f"is {wanted!r}; voxels are kept as float32")


class _Arguments:
    """Arguments of one step: each is either used, known to change nothing, or refused."""

    def __init__(self, config: BundleConfig, step: Component) -> None:
        self._config, self._step = config, step
        self._left = dict(step.arguments)

    def take(self, key: str, default: Any = None) -> Any:
        """The plain value of an argument."""
        return self._config.literal(self._left.pop(key, default), f"{self._step.place}#{key}")

    def number(self, key: str, default: float | None = None) -> float:
        """The value of an argument that has to be a number."""
        value = self.take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(key, "is not a number")
        return float(value)

    def end(self) -> None:
        """Refuse what was not asked for."""
        for key, value in self._left.items():
            if key not in COMMON and value not in (None, False):
                self.refuse(key, "is an argument that MedSeg does not know")

    def refuse(self, key: str, what: str) -> None:
        """Name the argument that is the reason."""
        self._config.refuse(f"{self._step.place}#{key}", what)

    def set_channel(self, found: Found, channel: dict[str, Any]) -> None:
        """Keep how intensities are scaled, which may happen once."""
        self.end()
        if found.channel:
            self._config.refuse(self._step.place, "scales the intensities a second time")
        found.channel = channel


def _orientation(arguments: _Arguments, found: Found) -> None:
    closest = arguments.take("as_closest_canonical", False)
    letters = arguments.take("axcodes", "RAS" if closest is True else None)
    arguments.end()
    if not isinstance(letters, str) or sorted(letters.translate(AXES)) != ["x", "y", "z"]:
        arguments.refuse("axcodes", "does not name each axis of the patient once")
    if found.spacing_mm and len(set(found.spacing_mm)) > 1:
        arguments.refuse("axcodes", "comes after the spacing, which then belongs to unknown axes")
    found.orientation = letters


AXES = str.maketrans("LPSRAI", "xyzxyz")


LINEAR = ("bilinear", "trilinear", 1)


def _spacing(arguments: _Arguments, found: Found) -> None:
    pixdim = arguments.take("pixdim")
    arguments.take("diagonal", False)
    mode = arguments.take("mode", LINEAR[0])
    if (mode[0] if isinstance(mode, list) and mode else mode) not in LINEAR:
        arguments.refuse("mode", f"is {mode!r}; images are resampled linearly")
    arguments.end()
    edges = pixdim if isinstance(pixdim, list) else [pixdim] * 3
    sound = all(isinstance(edge, int | float) and not isinstance(edge, bool) and edge > 0 for edge in edges)
    if len(edges) != 3 or not sound:
        arguments.refuse("pixdim", "is not the size of a voxel in three directions")
    found.spacing_mm = float(edges[0]), float(edges[1]), float(edges[2])
    if found.channel:
        found.remarks.append(LATER)


def _range(arguments: _Arguments, found: Found) -> None:
    channel = {
        "kind": "window",
        "low": arguments.number("a_min"),
        "high": arguments.number("a_max"),
        "to": [arguments.number("b_min"), arguments.number("b_max")],
        "clip": arguments.take("clip", False) is True,
    }
    arguments.set_channel(found, channel)


def _percentiles(arguments: _Arguments, found: Found) -> None:
    if arguments.take("relative", False) is not False:
        arguments.refuse("relative", "is not supported")
    channel = {
        "kind": "percentiles",
        "low": arguments.number("lower"),
        "high": arguments.number("upper"),
        "to": [arguments.number("b_min"), arguments.number("b_max")],
        "clip": arguments.take("clip", False) is True,
    }
    arguments.set_channel(found, channel)


def _whole_range(arguments: _Arguments, found: Found) -> None:
    if arguments.take("factor") is not None:
        arguments.refuse("factor", "is not supported")
    to = [arguments.number("minv", 0.0), arguments.number("maxv", 1.0)]
    arguments.set_channel(found, {"kind": "percentiles", "low": 0, "high": 100, "to": to})


def _normalize(arguments: _Arguments, found: Found) -> None:
    subtrahend, divisor = arguments.take("subtrahend"), arguments.take("divisor")
    nonzero = arguments.take("nonzero", False) is True
    if subtrahend is None and divisor is None:
        channel = {"kind": "zscore", "nonzero": nonzero}
    elif nonzero or not all(isinstance(one, int | float) for one in (subtrahend, divisor)) or divisor <= 0:
        arguments.refuse("subtrahend", "goes with a divisor above 0, and not with nonzero")
    else:
        low, high = float(subtrahend), float(subtrahend) + float(divisor)
        channel = {"kind": "window", "low": low, "high": high, "to": [0.0, 1.0], "clip": False}
    arguments.set_channel(found, channel)


STEPS: dict[str, Callable[[_Arguments, Found], None]] = {
    "Orientation": _orientation,
    "Spacing": _spacing,
    "ScaleIntensityRange": _range,
    "ScaleIntensityRangePercentiles": _percentiles,
    "ScaleIntensity": _whole_range,
    "NormalizeIntensity": _normalize,
}
"""Steps whose meaning is kept: the name without its ending for dictionaries -> how it is read."""
