"""plan_unet: patch, depth and kernels of a 3D U-Net from the shape and voxel size of a data set.

The ideas are those of nnU-Net (Isensee 2021): a patch as cubic in mm as the images allow, coarse axes are
neither pooled nor convolved before the fine ones have become as coarse, and pooling ends where a feature
map would be too small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Edges = tuple[int, int, int]

VOXELS = 64**3
"""Of a patch: about a second per step on one core."""
LEAST_EDGE = 4
"""Of a feature map at the deepest level."""
MOST_POOLS = 5
"""Tiles in use are multiples of 2 ** 5."""
COARSER = 2.0
"""An axis is left alone while its voxels are this much longer than those of the finest axis."""
FILTERS = (16, 32, 64, 128, 160, 160)


@dataclass(frozen=True)
class UNetPlan:
    """patch: (k, j, i). strides, kernels: one triple per level, the first is the full resolution."""

    patch: Edges
    strides: tuple[Edges, ...]
    kernels: tuple[Edges, ...]

    @property
    def filters(self) -> tuple[int, ...]:
        """Channels per level."""
        return FILTERS[: len(self.strides)]


def plan_unet(shape: tuple[float, ...], spacing: tuple[float, ...]) -> UNetPlan:
    """The plan for images of this typical shape (k, j, i) in voxels and voxel size in mm."""
    size = cubic_patch(np.array(shape, float), np.array(spacing, float))
    strides, kernels = [(1, 1, 1)], [_kernel(np.array(spacing, float))]
    edge, gap = size.copy(), np.array(spacing, float)
    while len(strides) <= MOST_POOLS:
        pooled = (edge >= 2 * LEAST_EDGE) & (gap < COARSER * gap.min())
        if not pooled.any():
            # The finest axes are as small as they may be; what is coarser is pooled alone.
            pooled = edge >= 2 * LEAST_EDGE
        if not pooled.any():
            break
        kernels.append(_kernel(gap := np.where(pooled, 2 * gap, gap)))
        edge = np.where(pooled, np.ceil(edge / 2), edge)
        strides.append(_triple(np.where(pooled, 2, 1)))
    step = np.prod(strides, axis=0)
    return UNetPlan(_triple(np.ceil(size / step) * step), tuple(strides), tuple(kernels))


def cubic_patch(shape: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """A patch (k, j, i) as cubic in mm as images of this shape allow, of about VOXELS voxels."""
    fixed = np.zeros(3, bool)
    size = shape.copy()
    for _ in range(3):
        free = ~fixed
        left = VOXELS / np.prod(size[fixed]) if fixed.any() else VOXELS
        edge_mm = (left * np.prod(spacing[free])) ** (1 / free.sum())
        size[free] = edge_mm / spacing[free]
        over = free & (size > shape)
        if not over.any():
            break
        size[over] = shape[over]
        fixed |= over
        if fixed.all():
            break
    return np.maximum(np.rint(size), 1)


def _kernel(gap: np.ndarray) -> Edges:
    return _triple(np.where(gap < COARSER * gap.min(), 3, 1))


def _triple(values: np.ndarray) -> Edges:
    k, j, i = (int(value) for value in values)
    return k, j, i
