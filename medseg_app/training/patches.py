"""Patches: a turned, scaled and shifted piece of a case, sampled in one step (torch)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .dataset import Case
from .recipe import Augment

KEPT = (np.int16, np.uint8, np.float32)
"""Types of voxels that every device takes as they are."""

Matrix = NDArray[np.float64]
Size = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Held:
    """Image and labels (k, j, i) of a case where patches are cut: in the computer's memory or a card's."""

    image: Tensor
    labels: Tensor

    @classmethod
    def of(cls, case: Case, device: str = "cpu") -> Held:
        """A case on a device; on the processor it shares the memory of the case."""
        image = case.image if case.image.dtype in KEPT else case.image.astype(np.float32)
        owned = (np.require(array, requirements=["C", "W"]) for array in (image, case.labels))
        return cls(*(torch.from_numpy(array).to(device) for array in owned))


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


def sample_patch(held: Held, centre: NDArray[np.float64], size: Size, matrix: Matrix) -> Patch:
    """Voxels around a place (k, j, i): linear for the image, nearest for labels, mirrored outside."""
    device = held.image.device
    axes = [torch.arange(n, dtype=torch.float64, device=device) - (n - 1) / 2 for n in size]
    steps = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    turned = torch.einsum("ab,bkji->akji", torch.from_numpy(matrix).to(device), steps)
    places = turned + torch.from_numpy(centre).to(device)[:, None, None, None]
    start, stop = _reach(centre, size, matrix, held.image.shape)
    block = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    grid = _normalised(places, start, stop)
    image = _read(held.image[block].float(), grid, "bilinear")
    return Patch(image, _read(held.labels[block].float(), grid, "nearest").long(), places.float())


def without_mirrored(patch: Patch, shape: tuple[int, ...]) -> Patch:
    """The patch with labels only inside its case of this shape (k, j, i); beyond are mirrored copies."""
    within = [(place > -0.5) & (place < n - 0.5) for place, n in zip(patch.places, shape, strict=True)]
    return replace(patch, labels=patch.labels * torch.stack(within).all(dim=0))


def thinned(image: Tensor) -> NDArray[Any]:
    """Every second voxel along each axis, in the computer's memory: enough to tell percentiles."""
    return np.asarray(image[::2, ::2, ::2].cpu().numpy())


def _rotation(a: int, b: int, degrees: float) -> Matrix:
    matrix, angle = np.eye(3), np.deg2rad(degrees)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix


def _reach(
    centre: NDArray[np.float64], size: Size, matrix: Matrix, shape: tuple[int, ...]
) -> tuple[list[int], list[int]]:
    """The block of the case that a patch needs; at least two voxels along each axis where there are."""
    reach = np.abs(matrix) @ ((np.array(size) - 1) / 2)  # a box's corners lie farthest out
    low, high = np.floor(centre - reach) - 1, np.ceil(centre + reach) + 2
    start = [int(min(max(a, 0), max(n - 2, 0))) for a, n in zip(low, shape, strict=True)]
    stop = [int(max(min(b, n), a + 1 + (n > 1))) for a, b, n in zip(start, high, shape, strict=True)]
    return start, stop


def _normalised(places: Tensor, start: list[int], stop: list[int]) -> Tensor:
    """grid_sample's coordinates: -1..1 from the first to the last voxel, i first."""
    axes = [2 * (place - a) / max(b - a - 1, 1) - 1 for place, a, b in zip(places, start, stop, strict=True)]
    return torch.stack(axes[::-1], dim=-1).float()[None]


def _read(block: Tensor, grid: Tensor, mode: str) -> Tensor:
    read = torch.nn.functional.grid_sample
    return read(block[None, None], grid, mode=mode, padding_mode="reflection", align_corners=True)[0, 0]
