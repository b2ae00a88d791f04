"""Preprocessing: voxels become float32 channels from a frozen description, alike in training and use.

The description is the `preprocessing` table of a model card:

    channels    modality -> list of channels, each one of
                {"kind": "window", "low": HU, "high": HU}
                {"kind": "percentiles", "low": percent, "high": percent}
                {"kind": "zscore"}, with "nonzero": true where 0 means "no image here"
    neighbours  slices on each side that a slice-wise network sees as further channels (0: none)

A window and percentiles run from -1 to 1, or over the range of "to", and are clipped unless "clip" is
false. A z-score has mean 0 and standard deviation 1 over the image. A volume is resampled (see fit.py)
before, not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import ModalityError, ModelError

from .strict_json import FORBID_UNKNOWN
from .validated import validated

if TYPE_CHECKING:
    from torch import Tensor

MAX_SAMPLES = 500_000
"""Percentiles are taken from at most about this many voxels; more would not change them."""
LEAST_WIDTH = 1e-3
"""A constant image is no division by zero."""


@dataclass(frozen=True)
class Channel:
    """One channel: the values that become the ends of `to`, in HU ("window") or percent ("percentiles").

    nonzero: a z-score is measured on voxels that are not 0, and these stay 0.
    """

    kind: Literal["window", "percentiles", "zscore"]
    low: float | None = None
    high: float | None = None
    to: tuple[float, float] = (-1.0, 1.0)
    clip: bool = True
    nonzero: bool = False

    __pydantic_config__ = FORBID_UNKNOWN

    @property
    def problem(self) -> str:
        """What the types alone do not say; empty where the channel is sound."""
        if self.kind == "zscore":
            return "a z-score has no limits" if self.low is not None or self.high is not None else ""
        if self.low is None or self.high is None or not self.low < self.high:
            return f"{self.kind} need a low and a higher high"
        if self.kind == "percentiles" and not 0 <= self.low < self.high <= 100:
            return "percentiles lie between 0 and 100"
        return ""


@dataclass(frozen=True)
class Preprocessing:
    """The description that a model card holds."""

    channels: dict[str, tuple[Channel, ...]]
    neighbours: int = 0

    __pydantic_config__ = FORBID_UNKNOWN

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Preprocessing:
        """Read the `preprocessing` table of a card. Raises ModelError where it is not understood."""
        from pydantic import ValidationError

        try:
            found = validated(cls, data)
        except ValidationError as error:
            raise ModelError(f"The preprocessing of the model is not understood ({error}).") from error
        if len({len(channels) for channels in found.channels.values()}) != 1 or found.neighbours < 0:
            raise ModelError("Every modality of a model needs the same number of input channels.")
        for problem in (channel.problem for channels in found.channels.values() for channel in channels):
            if problem:
                raise ModelError(f"The preprocessing of the model is not understood ({problem}).")
        return found

    @property
    def in_channels(self) -> int:
        """How many channels the network takes."""
        return len(next(iter(self.channels.values()))) * (2 * self.neighbours + 1)

    def measured(self, voxels: NDArray[Any], modality: str) -> ChannelMaker:
        """What turns blocks of these voxels (k, j, i) into channels; statistics are taken now.

        Raises ModalityError where the model does not know the modality.
        """
        if modality not in self.channels:
            known = " or ".join(self.channels)
            raise ModalityError(
                f"The model reads {known}, not {modality or 'images of unknown kind'}.",
                "Choose a model for these images, or say what they are if they were taken wrongly.",
            )
        return ChannelMaker(tuple(_scaling(channel, voxels) for channel in self.channels[modality]))


@dataclass(frozen=True)
class Scaling:
    """A straight line: `low` becomes the first value of `to`, `high` the second."""

    low: float
    high: float
    to: tuple[float, float]
    clip: bool
    keeps_zero: bool = False

    def fill(self, channel: NDArray[np.float32], block: NDArray[np.float32]) -> None:
        """Write the channel of a block of voxels."""
        bottom, top = self.to
        np.multiply(block - self.low, (top - bottom) / (self.high - self.low), out=channel)
        channel += bottom
        if self.clip:
            np.clip(channel, bottom, top, out=channel)
        if self.keeps_zero:
            channel[block == 0] = 0

    def tensor(self, block: Tensor) -> Tensor:
        """As `fill`, of float32 voxels on the device on which they lie."""
        bottom, top = self.to
        channel = (block - self.low) * ((top - bottom) / (self.high - self.low)) + bottom
        if self.clip:
            channel = channel.clamp(bottom, top)
        return channel.masked_fill(block == 0, 0) if self.keeps_zero else channel


@dataclass(frozen=True)
class ChannelMaker:
    """Turns blocks of one volume into channels."""

    scalings: tuple[Scaling, ...]

    def __call__(self, block: NDArray[Any]) -> NDArray[np.float32]:
        """Channels (c, *block.shape) of any block of the volume."""
        block = np.asarray(block, np.float32)
        made = np.empty((len(self.scalings), *block.shape), np.float32)
        for channel, scaling in zip(made, self.scalings, strict=True):
            scaling.fill(channel, block)
        return made

    def tensor(self, block: Tensor) -> Tensor:
        """Channels (c, *block.shape) of voxels on a device, there."""
        import torch

        return torch.stack([scaling.tensor(block.float()) for scaling in self.scalings])


def slice_with_neighbours(channels: NDArray[np.float32], k: int, neighbours: int) -> NDArray[np.float32]:
    """Slice k of channels (c, k, j, i) with its neighbours, from below upwards: (c * (2n + 1), j, i).

    Beyond the first and last slice these are repeated.
    """
    places = np.clip(np.arange(k - neighbours, k + neighbours + 1), 0, channels.shape[1] - 1)
    return np.ascontiguousarray(channels[:, places].reshape(-1, *channels.shape[2:]))


def with_neighbours(channels: Tensor, neighbours: int) -> Tensor:
    """All slices of channels (c, k + 2n, j, i) but the n outermost, each as `slice_with_neighbours` gives it.

    The answer has the shape (c * (2n + 1), k, j, i).
    """
    import torch

    count = channels.shape[1] - 2 * neighbours
    shifted = [channels[:, first : first + count] for first in range(2 * neighbours + 1)]
    return torch.stack(shifted, dim=1).reshape(-1, count, *channels.shape[2:])


def _scaling(channel: Channel, voxels: NDArray[Any]) -> Scaling:
    if channel.kind == "zscore":
        counted = voxels[voxels != 0] if channel.nonzero else voxels
        mean, deviation = (float(counted.mean()), float(counted.std())) if counted.size else (0.0, 1.0)
        width = max(deviation, LEAST_WIDTH)
        return Scaling(mean, mean + width, (0.0, 1.0), clip=False, keeps_zero=channel.nonzero)
    low, high = channel.low or 0.0, channel.high or 0.0
    if channel.kind == "percentiles":
        low, high = _percentiles(voxels, low, high)
    return Scaling(low, max(high, low + LEAST_WIDTH), channel.to, channel.clip)


def _percentiles(voxels: NDArray[Any], low: float, high: float) -> tuple[float, float]:
    """From a regular sample of the voxels; the ends of the whole range are what they are."""
    stride = max(int(np.ceil((voxels.size / MAX_SAMPLES) ** (1 / 3))), 1)
    sample = voxels[::stride, ::stride, ::stride]
    bottom, top = (float(value) for value in np.percentile(sample, [low, high]))
    return float(voxels.min()) if low == 0 else bottom, float(voxels.max()) if high == 100 else top
