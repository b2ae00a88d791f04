"""Patches: a turned, scaled and shifted piece of a case, sampled in one step (torch)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .dataset import Case
from .recipe import Augment

Matrix = NDArray[np.float64]
Size = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Patch:
    """A piece of a case: image and labels (k, j, i), and where its voxels lie in the case (3, k, j, i)."""

    image: Tensor
    labels: Tensor
    places: Tensor


def random_matrix(augment: Augment, spacing: tuple[float, float, float], rng: np.random.Generator) -> Matrix:
    """Steps in the case (k, j, i) per step in the patch: random zoom, turn, tilt and mirroring, in mm."""
    widest = np.log1p(augment.zoom)
    scale = np.exp(rng.uniform(-widest, widest, 3))
    turn = _rotation(1, 2, rng.uniform(-1, 1) * augment.rotate_degrees)
    tilt = _rotation(0, 1, rng.uniform(-1, 1) * augment.tilt_degrees)
    nod = _rotation(0, 2, rng.uniform(-1, 1) * augment.tilt_degrees)
    mirror = np.diag([1.0, 1.0, -1.0 if augment.flip and rng.random() < 0.5 else 1.0])
    mm = np.diag(spacing)
    return np.asarray(np.linalg.inv(mm) @ turn @ tilt @ nod @ np.diag(scale) @ mirror @ mm)


def sample_patch(case: Case, centre: NDArray[np.float64], size: Size, matrix: Matrix) -> Patch:
    """Voxels around a place (k, j, i): linear for the image, nearest for labels, mirrored outside."""
    axes = [torch.arange(n, dtype=torch.float64) - (n - 1) / 2 for n in size]
    steps = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    turned = torch.einsum("ab,bkji->akji", torch.from_numpy(matrix), steps)
    places = turned + torch.from_numpy(centre)[:, None, None, None]
    start, stop = _reach(places, case.image.shape)
    block = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    grid = _normalised(places, start, stop)
    image = torch.from_numpy(np.ascontiguousarray(case.image[block], np.float32))
    labels = torch.from_numpy(np.ascontiguousarray(case.labels[block], np.float32))
    return Patch(_read(image, grid, "bilinear"), _read(labels, grid, "nearest").long(), places.float())


def _rotation(a: int, b: int, degrees: float) -> Matrix:
    matrix, angle = np.eye(3), np.deg2rad(degrees)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix


def _reach(places: Tensor, shape: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """The block of the case that the places need; at least two voxels along each axis where there are."""
    flat = places.flatten(1)
    low, high = flat.min(dim=1).values, flat.max(dim=1).values
    start = [int(min(max(np.floor(float(a)) - 1, 0), max(n - 2, 0))) for a, n in zip(low, shape, strict=True)]
    stop = [
        int(max(min(np.ceil(float(b)) + 2, n), a + 1 + (n > 1)))
        for a, b, n in zip(start, high, shape, strict=True)
    ]
    return start, stop


def _normalised(places: Tensor, start: list[int], stop: list[int]) -> Tensor:
    """grid_sample's coordinates: -1..1 from the first to the last voxel, i first."""
    axes = [2 * (place - a) / max(b - a - 1, 1) - 1 for place, a, b in zip(places, start, stop, strict=True)]
    return torch.stack(axes[::-1], dim=-1).float()[None]


def _read(block: Tensor, grid: Tensor, mode: str) -> Tensor:
    read = torch.nn.functional.grid_sample
    return read(block[None, None], grid, mode=mode, padding_mode="reflection", align_corners=True)[0, 0]
