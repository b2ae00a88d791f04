"""Preprocessing: voxels become float32 channels from a frozen description, alike in training and use.

The description is the `preprocessing` table of a model card:

    channels    modality -> list of channels, each {"kind": "window", "low": HU, "high": HU} or
                {"kind": "percentiles", "low": percent, "high": percent}
    neighbours  slices on each side that a slice-wise network sees as further channels (0: none)

Every channel is clipped and runs from -1 to 1. A volume is resampled (see fit.py) before, not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import ModalityError, ModelError

from .model_card import FORBID_UNKNOWN

MAX_SAMPLES = 500_000
"""Percentiles are taken from at most about this many voxels; more would not change them."""

Limits = tuple[float, float]


@dataclass(frozen=True)
class Channel:
    """One channel: the values that become -1 and 1, in HU ("window") or percent ("percentiles")."""

    kind: Literal["window", "percentiles"]
    low: float
    high: float

    __pydantic_config__ = FORBID_UNKNOWN


@dataclass(frozen=True)
class Preprocessing:
    """The description that a model card holds."""

    channels: dict[str, tuple[Channel, ...]]
    neighbours: int = 0

    __pydantic_config__ = FORBID_UNKNOWN

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Preprocessing:
        """Read the `preprocessing` table of a card. Raises ModelError where it is not understood."""
        from pydantic import TypeAdapter, ValidationError

        try:
            found = TypeAdapter(cls).validate_python(data)
        except ValidationError as error:
            raise ModelError(f"The preprocessing of the model is not understood ({error}).") from error
        if len({len(channels) for channels in found.channels.values()}) != 1 or found.neighbours < 0:
            raise ModelError("Every modality of a model needs the same number of input channels.")
        return found

    @property
    def in_channels(self) -> int:
        """How many channels the network takes."""
        return len(next(iter(self.channels.values()))) * (2 * self.neighbours + 1)

    def measured(self, voxels: NDArray[Any], modality: str) -> ChannelMaker:
        """What turns blocks of these voxels (k, j, i) into channels; percentiles are taken now.

        Raises ModalityError where the model does not know the modality.
        """
        if modality not in self.channels:
            known = " or ".join(self.channels)
            raise ModalityError(f"The model reads {known}, not {modality or 'images of unknown kind'}.")
        return ChannelMaker(tuple(_limits(channel, voxels) for channel in self.channels[modality]))


@dataclass(frozen=True)
class ChannelMaker:
    """Turns blocks of one volume into channels."""

    limits: tuple[Limits, ...]

    def __call__(self, block: NDArray[Any]) -> NDArray[np.float32]:
        """Channels (c, *block.shape) of any block of the volume, -1..1."""
        block = np.asarray(block, np.float32)
        made = np.empty((len(self.limits), *block.shape), np.float32)
        for channel, (low, high) in zip(made, self.limits, strict=True):
            np.multiply(block - low, 2.0 / (high - low), out=channel)
            np.clip(channel - 1.0, -1.0, 1.0, out=channel)
        return made


def slice_with_neighbours(channels: NDArray[np.float32], k: int, neighbours: int) -> NDArray[np.float32]:
    """Slice k of channels (c, k, j, i) with its neighbours, from below upwards: (c * (2n + 1), j, i).

    Beyond the first and last slice these are repeated.
    """
    places = np.clip(np.arange(k - neighbours, k + neighbours + 1), 0, channels.shape[1] - 1)
    return np.ascontiguousarray(channels[:, places].reshape(-1, *channels.shape[2:]))


def with_neighbours(channels: NDArray[np.float32], neighbours: int) -> NDArray[np.float32]:
    """All slices of channels (c, k + 2n, j, i) but the n outermost, each as `slice_with_neighbours` gives it.

    The answer has the shape (c * (2n + 1), k, j, i).
    """
    count = channels.shape[1] - 2 * neighbours
    shifted = [channels[:, first : first + count] for first in range(2 * neighbours + 1)]
    return np.stack(shifted, axis=1).reshape(-1, count, *channels.shape[2:])


def _limits(channel: Channel, voxels: NDArray[Any]) -> Limits:
    low, high = channel.low, channel.high
    if channel.kind == "percentiles":
        stride = max(int(np.ceil((voxels.size / MAX_SAMPLES) ** (1 / 3))), 1)
        sample = voxels[::stride, ::stride, ::stride]
        low, high = (float(value) for value in np.percentile(sample, [channel.low, channel.high]))
    return low, max(high, low + 1e-3)
