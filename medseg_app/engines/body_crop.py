"""Only the body is looked at: air around it costs as much as the body itself and holds nothing to find."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from medseg_app.core.box import Box, Index

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MARGIN = 8
"""Voxels of air around the body that are looked at with it."""
FRAMED_AT_ONCE = 16
"""Slices that are laid into air together: fewer take less memory, more keep a card busier."""


def body_box(image: NDArray[Any], above: float | None) -> Box:
    """The box around all voxels (k, j, i) above a value, with a margin; the whole image without a value.

    Noise or a couch may make it larger, never smaller than the body.
    """
    whole = Box.whole(image.shape)
    body = None if above is None else Box.around(image > above)
    return whole if body is None else body.grown((MARGIN,) * 3).clipped(image.shape)


def is_air(image: Any, box: Box, above: float | None) -> bool:
    """Whether nothing in a box of an image (k, j, i), on any device, lies above a value."""
    inside = box.clipped(image.shape)
    return above is not None and not inside.is_empty and float(image[inside.slices].max()) <= above


def air(channels: int, shape: Index, device: str | torch.device) -> Tensor:
    """Probabilities (channels, k, j, i) of nothing but background, the first channel."""
    import torch

    chances = torch.zeros((channels, *shape), device=device)
    chances[0] = 1.0
    return chances


def with_air(slabs: Iterator[Tensor], box: Box, shape: Index) -> Iterator[Tensor]:
    """Slabs of probabilities (channels, k, j, i) of a box as slabs of the whole image, in background.

    A slab lasts until the next one is asked for: all that are laid into air share their memory.
    """
    frame = None
    for slab in slabs:
        if frame is None:
            frame = air(len(slab), (FRAMED_AT_ONCE, *shape[1:]), slab.device)
            slice_of_air = air(len(slab), (1, *shape[1:]), slab.device)
            yield slice_of_air.expand(-1, box.start[0], -1, -1)
        yield from _framed(slab, box, frame)
    assert frame is not None
    yield slice_of_air.expand(-1, shape[0] - box.stop[0], -1, -1)


def _framed(slab: Tensor, box: Box, frame: Tensor) -> Iterator[Tensor]:
    """A slab in the middle of a frame of air, or itself where it is as large."""
    _, rows, columns = box.slices
    if slab.shape[2:] == frame.shape[2:]:
        yield slab
        return
    for part in slab.split(FRAMED_AT_ONCE, dim=1):
        laid = frame[:, : part.shape[1]]
        laid[:, :, rows, columns] = part
        yield laid
