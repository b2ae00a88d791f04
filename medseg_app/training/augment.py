"""Augmentation: random changes of the grey values of training patches (torch)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .dataset import Case
from .patches import Patch
from .recipe import Augment

OUTSIDE_HU = -1015.0
"""Values below it lie outside the body in images whose surroundings were blanked."""
BODY_HU = -300.0


def vary_channels(channels: Tensor, augment: Augment, rng: np.random.Generator) -> Tensor:
    """Channels (c, k, j, i) in -1..1 with other greys, sharpness and noise, clipped to -1..1."""
    changed = _with_gamma(channels, augment.gamma, rng) if augment.gamma else channels
    if augment.blur and rng.random() < augment.blur:
        changed = _coarse(changed, rng)
    gain = 1.0 + augment.contrast * rng.uniform(-1, 1)
    changed = changed * gain + augment.shift * rng.uniform(-1, 1)
    if augment.noise and rng.random() < 0.5:
        changed = changed + augment.noise * rng.random() * torch.randn_like(changed)
    return changed.clamp(-1.0, 1.0)


def vary_brightness(image: Tensor, bias: float, rng: np.random.Generator) -> Tensor:
    """MR (k, j, i) under a coil that is nearer to one side: a smooth factor of 1 / (1 + bias) .. 1 + bias."""
    return image * torch.exp(float(np.log1p(bias)) * smooth_field(image, (3, 3, 3), rng))


def smooth_field(like: Tensor, cells: tuple[int, int, int], rng: np.random.Generator) -> Tensor:
    """Values in -1..1 that change slowly over an image (k, j, i), from so many cells along its edges."""
    field = torch.from_numpy(rng.uniform(-1, 1, (1, 1, *cells)).astype(np.float32)).to(like.device)
    grow = torch.nn.functional.interpolate
    return grow(field, like.shape, mode="trilinear", align_corners=True)[0, 0]


def lower_dose(image: Tensor, most: float, rng: np.random.Generator) -> Tensor:
    """CT (k, j, i) with noise of up to `most` HU (standard deviation), fine or coarse as kernels do."""
    noise = torch.randn_like(image)
    if rng.random() < 0.5:
        noise = torch.nn.functional.avg_pool2d(noise[None], 3, 1, 1)[0] * 3
    return image + float(most * rng.random()) * noise


def furnish_air(patch: Patch, case: Case, rng: np.random.Generator) -> Tensor:
    """The image with couch, head rest and mask in place of blanked air: real scans are not blanked."""
    image = patch.image
    outside = image < OUTSIDE_HU
    x, y, z = _points_mm(patch, case)
    back, middle = _back_of_body(case)
    things = torch.full_like(image, -1000.0) + rng.uniform(0, 30) * torch.randn_like(image)
    if rng.random() < 0.3:
        things = _shell_around_body(things, image, rng)
    if rng.random() < 0.7:
        things = _couch(things, y - back - rng.uniform(-5, 25), x - middle, rng)
    if rng.random() < 0.5:
        things = _head_rest(
            things, x - middle, y - back, z - rng.uniform(0, 1) * case.image.shape[0] * case.spacing[0], rng
        )
    return torch.where(outside, things, image)


def _with_gamma(channels: Tensor, gamma: float, rng: np.random.Generator) -> Tensor:
    exponent = float(np.exp(rng.uniform(-1, 1) * np.log1p(gamma)))
    return ((channels + 1) / 2).clamp(min=0) ** exponent * 2 - 1


def _coarse(channels: Tensor, rng: np.random.Generator) -> Tensor:
    """In the slice as if it had been taken with pixels of up to three times the size."""
    j, i = channels.shape[-2:]
    few = [max(int(n / rng.uniform(1, 3)), 2) for n in (j, i)]
    zoom = torch.nn.functional.interpolate
    small = zoom(channels, few, mode="bilinear", antialias=True)
    return zoom(small, (j, i), mode="bilinear")


def _points_mm(patch: Patch, case: Case) -> tuple[Tensor, Tensor, Tensor]:
    k, j, i = (axis * step for axis, step in zip(patch.places, case.spacing, strict=True))
    return i, j, k


def _back_of_body(case: Case) -> tuple[float, float]:
    """How far the body reaches to the back, and its middle from left to right, in mm."""
    body = case.image[::4] > BODY_HU
    rows, columns = np.flatnonzero(body.any(axis=(0, 2))), np.flatnonzero(body.any(axis=(0, 1)))
    if rows.size == 0:
        return 0.0, 0.0
    return float(rows[-1]) * case.spacing[1], float(columns.mean()) * case.spacing[2]


def _couch(things: Tensor, below: Tensor, across: Tensor, rng: np.random.Generator) -> Tensor:
    """A curved plate with a light core; below: mm behind the back, across: mm from the middle."""
    depth = below + rng.uniform(0, 30) * (across / 200) ** 2
    thickness, skin = rng.uniform(15, 70), rng.uniform(2, 10)
    inside = (depth > 0) & (depth < thickness) & (across.abs() < rng.uniform(180, 300))
    core = (depth > skin) & (depth < thickness - skin)
    things = torch.where(inside, torch.full_like(things, rng.uniform(-500, 300)), things)
    return torch.where(inside & core, torch.full_like(things, rng.uniform(-980, -650)), things)


def _head_rest(
    things: Tensor, across: Tensor, below: Tensor, along: Tensor, rng: np.random.Generator
) -> Tensor:
    """A cradle: part of a ring behind the head, over some length of the patient."""
    radius, thickness = rng.uniform(70, 150), rng.uniform(3, 20)
    ring = torch.sqrt(across**2 + (below + radius) ** 2) - radius - rng.uniform(0, 15)
    inside = (ring > 0) & (ring < thickness) & (below > -radius) & (along.abs() < rng.uniform(40, 150))
    return torch.where(inside, torch.full_like(things, rng.uniform(-900, 300)), things)


def _shell_around_body(things: Tensor, image: Tensor, rng: np.random.Generator) -> Tensor:
    """A mask moulded on the skin: one voxel of plastic around the body."""
    body = (image > BODY_HU).float()[None, None]
    near = torch.nn.functional.max_pool3d(body, 3, stride=1, padding=1)[0, 0] > 0
    return torch.where(near, torch.full_like(things, rng.uniform(-800, 100)), things)
