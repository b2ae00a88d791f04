"""LabelMap: finished labels on a grid, as files hold them; what exporters write and importers read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .box import Box
from .errors import GeometryError
from .geometry import VolumeGeometry
from .segment import Segment


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Label layers on one grid; segments of one layer never overlap, layers may.

    layers: arrays of shape (k, j, i), uint8 or uint16; a voxel holds the `value` of its segment. A mask of
    one segment may be boolean: it is kept as uint8, since numpy takes booleans for choices, not for values.
    segments: segment.group is the index of its layer; (group, value) is unique, value > 0.
    """

    layers: tuple[NDArray[Any], ...]
    geometry: VolumeGeometry
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        values = (one.view(np.uint8) if one.dtype == np.bool_ else one for one in self.layers)
        object.__setattr__(self, "layers", tuple(values))
        for layer in self.layers:
            if layer.shape != self.geometry.shape:
                raise GeometryError(
                    f"Labels of shape {layer.shape} do not fit a grid of {self.geometry.shape}."
                )

    def mask(self, segment: Segment) -> NDArray[np.bool_]:
        """The voxels of one segment, boolean, shape (k, j, i)."""
        return np.asarray(self.layers[segment.group] == segment.value)

    def box(self, segment: Segment) -> Box | None:
        """The smallest box around a segment; None where it has no voxel."""
        return Box.around(self.mask(segment))
