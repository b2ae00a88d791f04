"""Only the body is looked at: air around it costs as much as the body itself and holds nothing to find."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box, Index

MARGIN = 8
"""Voxels of air around the body that are looked at with it."""


def body_box(image: NDArray[Any], above: float | None) -> Box:
    """The box around all voxels (k, j, i) above a value, with a margin; the whole image without a value.

    Noise or a couch may make it larger, never smaller than the body.
    """
    whole = Box.whole(image.shape)
    body = None if above is None else Box.around(image > above)
    return whole if body is None else body.grown((MARGIN,) * 3).clipped(image.shape)


def with_air(slabs: Iterator[NDArray[np.float32]], box: Box, shape: Index) -> Iterator[NDArray[np.float32]]:
    """Slabs of probabilities (channels, k, j, i) of a box as slabs of the whole image, in background."""
    _, rows, columns = box.slices
    channels = 1
    for number, slab in enumerate(slabs):
        channels = len(slab)
        if number == 0:
            yield _air(channels, box.start[0], shape)
        framed = _air(channels, slab.shape[1], shape)
        framed[:, :, rows, columns] = slab
        yield framed
    yield _air(channels, shape[0] - box.stop[0], shape)


def _air(channels: int, slices: int, shape: Index) -> NDArray[np.float32]:
    air = np.zeros((channels, slices, *shape[1:]), np.float32)
    air[0] = 1.0
    return air
