"""Synthetic findings: lumps grown into the tissue of a patient, for classes of which there are few (torch).

Shape, size, greys and borders are drawn at random (after the synthetic tumours of arXiv 2303.10869), so
they are no likeness of any disease; they teach that a lump that differs from what is around it counts,
wherever it lies. Findings of real patients are pasted by paste.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from .augment import smooth_field
from .dataset import Case
from .paste import fits, grey_range
from .patches import Patch
from .recipe import Recipe

SYNTHETIC = 512
"""Numbers of synthetic findings are this plus their class; those of cases and pasted ones are smaller."""
RADIUS_MM = (4.0, 45.0)
LONGEST = 1.7
"""Axes of a lump differ by up to this factor."""
WIDEST = 0.4
"""Largest radius as a share of the shorter edge of the patch."""
LUMPS = (3, 6)
"""Cells along each edge of the random field that dents the surface."""
DENT = 0.35
CT_GREYS = (-30.0, 110.0)
MR_GREYS = (0.1, 1.0)
"""Share of the way from dark to bright."""
CORE = 0.55
"""Where a core differs, it reaches so far from the middle to the surface."""
TEXTURE = 0.6
"""Share of the patient's own fine texture that stays."""
SOFT_MM = (0.5, 4.0)
"""Width of the border."""

Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class SyntheticFindings:
    """chances: for every class of findings, how often it is made; rarer classes more often."""

    chances: Mapping[int, float]

    @classmethod
    def of(cls, recipe: Recipe, cases: Sequence[Case]) -> SyntheticFindings:
        """The classes of a recipe, weighed by how many of its cases have them."""
        wanted = [value for value in recipe.values if recipe.labels[value].kind == "instance"]
        weights = {value: 1.0 / (1 + sum(_has(case, value) for case in cases)) for value in wanted}
        whole = sum(weights.values())
        return cls({value: weight / whole for value, weight in weights.items()})

    @property
    def classes(self) -> dict[int, int]:
        """Number of a synthetic finding -> class value."""
        return {SYNTHETIC + value: value for value in self.chances}

    def into(self, patch: Patch, case: Case, rng: np.random.Generator) -> Patch:
        """The patch with a finding more, or the patch itself where it would not lie in tissue."""
        if not self.chances:
            return patch
        value = int(rng.choice(list(self.chances), p=list(self.chances.values())))
        return grow_finding(patch, SYNTHETIC + value, case.modality, case.spacing, rng)


def grow_finding(
    patch: Patch, number: int, modality: str, spacing: Spacing, rng: np.random.Generator
) -> Patch:
    """The patch (k, j, i) with one lump in it under this number; spacing in mm."""
    depth, radius = _depth(patch.image, spacing, rng)
    lump = depth > 0
    if not fits(patch, lump, modality):
        return patch
    greys = _greys(patch.image, depth, modality, rng)
    soft = torch.sigmoid(depth * radius / (rng.uniform(*SOFT_MM) / 4))
    labels = torch.where(lump, torch.full_like(patch.labels, number), patch.labels)
    return replace(patch, image=torch.lerp(patch.image, greys, soft), labels=labels)


def _has(case: Case, value: int) -> bool:
    """Cases of instances say the class of every finding, semantic ones have it in their voxels."""
    return value in case.classes.values() if case.classes else bool((case.labels == value).any())


def _depth(image: Tensor, spacing: Spacing, rng: np.random.Generator) -> tuple[Tensor, float]:
    """1 in the middle of a lump, 0 on its surface, negative outside; and its radius in mm."""
    edges = np.multiply(image.shape, spacing)
    most = max(min(RADIUS_MM[1], WIDEST * float(min(edges[1:]))), 1.01 * RADIUS_MM[0])
    radius = float(np.exp(rng.uniform(*np.log((RADIUS_MM[0], most)))))
    radii = radius * np.exp(rng.uniform(-0.5, 0.5, 3) * np.log(LONGEST))
    centre = rng.uniform(0.1, 0.9, 3) * edges
    squares = [
        ((torch.arange(count, device=image.device) * step - middle) / r) ** 2
        for count, step, middle, r in zip(image.shape, spacing, centre, radii, strict=True)
    ]
    distance = torch.sqrt(squares[0][:, None, None] + squares[1][:, None] + squares[2]).float()
    return 1 - distance + DENT * _lumpy(image, rng), radius


def _greys(image: Tensor, depth: Tensor, modality: str, rng: np.random.Generator) -> Tensor:
    """What the lump looks like: one grey, now and then another in its core, and the texture of the place."""
    dark, bright = (0.0, 1.0) if modality == "CT" else grey_range(image)
    low, high = (dark + (bright - dark) * g for g in (CT_GREYS if modality == "CT" else MR_GREYS))
    outer, core = (float(grey) for grey in rng.uniform(low, high, 2))
    spread = 0.15 * (high - low)
    body = outer + rng.random() * spread * _lumpy(image, rng)
    if rng.random() < 0.4:
        body = torch.where(depth > 1 - CORE, body + (core - outer), body)
    coarse = torch.nn.functional.avg_pool3d(image[None, None], (1, 5, 5), 1, (0, 2, 2))[0, 0]
    texture = (image - coarse).clamp(-spread, spread)
    return body + TEXTURE * rng.random() * 2 * texture


def _lumpy(like: Tensor, rng: np.random.Generator) -> Tensor:
    k, j, i = (int(n) for n in rng.integers(LUMPS[0], LUMPS[1] + 1, 3))
    return smooth_field(like, (k, j, i), rng)
