"""Metal: an implant or filling with the rays that it throws over a CT, made up (torch)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

METAL_HU = 3000.0
RADIUS_MM = (2.0, 8.0)
STRENGTH_HU = (150.0, 700.0)
FADES_MM = 60.0
RAYS = 12
"""Highest number of rays around the metal."""


def add_metal(image: Tensor, spacing: tuple[float, float, float], rng: np.random.Generator) -> Tensor:
    """A CT (k, j, i) in HU with one piece of metal in dense tissue, where there is any.

    spacing: voxel size (k, j, i) in mm. Bright and dark rays leave it within its slices and fade away.
    """
    dense = torch.nonzero(image > 150.0)
    if not len(dense):
        return image
    k, j, i = (float(v) for v in dense[int(rng.integers(len(dense)))])
    across, along = _polar(image, (j, i), spacing)
    radius = rng.uniform(*RADIUS_MM)
    height = (torch.arange(image.shape[0], device=image.device) - k).abs() * spacing[0]
    near = torch.exp(-((height / (1.5 * radius)) ** 2))[:, None, None]
    rays = sum(
        float(rng.normal()) * torch.cos(number * along + float(rng.uniform(0, 2 * np.pi)))
        for number in range(2, RAYS + 1)
    )
    assert isinstance(rays, Tensor)
    rays = rays / RAYS**0.5 * rng.uniform(*STRENGTH_HU) * torch.exp(-across / FADES_MM)
    streaked = image + near * rays
    inside = (across[None] <= radius) & (height <= radius)[:, None, None]
    return torch.where(inside, torch.full_like(image, METAL_HU), streaked)


def _polar(
    image: Tensor, centre: tuple[float, float], spacing: tuple[float, float, float]
) -> tuple[Tensor, Tensor]:
    """Distance in mm and angle of each pixel (j, i) of a slice around a centre."""
    rows = (torch.arange(image.shape[1], device=image.device) - centre[0])[:, None] * spacing[1]
    columns = (torch.arange(image.shape[2], device=image.device) - centre[1])[None] * spacing[2]
    return torch.sqrt(rows**2 + columns**2), torch.atan2(rows, columns)
