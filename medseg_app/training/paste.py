"""Copy-paste: a finding of another patient laid into a training patch (after arXiv 2012.07177).

A finding then appears in places, sizes and surroundings in which no patient had one, so that neither its
place nor its neighbours give it away.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from .dataset import Case
from .patches import Patch, thinned

MOST_SHRUNK = 2.5
"""Pasted findings are up to this much smaller, so that small ones are met too."""
PASTED = 256
"""Numbers of pasted findings start here; those of a case are smaller."""
BORDER = 1.0
"""Standard deviation in voxels over which pasted grey values fade out; a hard cut would give them away."""
MOST_OVERLAP = 0.2
"""Share of the pasted finding that may cover findings which are there."""
LEAST_TISSUE = 0.8
"""Share of the pasted finding that must lie in tissue."""
CT_TISSUE = -200.0
MR_TISSUE = 0.25
"""Share of the way from dark to bright at which MR tissue begins."""
DARK, BRIGHT = 2.0, 98.0


def donors_for(cases: list[Case], number: int) -> list[int]:
    """The numbers of the cases of other patients whose findings may be pasted into this one."""
    host = cases[number]
    return [
        n
        for n, case in enumerate(cases)
        if case.patient != host.patient and case.modality == host.modality and case.labels.any()
    ]


def paste_finding(patch: Patch, donor: Patch, modality: str) -> Patch:
    """The patch with the findings of the donor, or the patch itself where they would not fit.

    Both have one shape (k, j, i). Pasted findings keep their numbers, counted from PASTED.
    """
    pasted = donor.labels > 0
    if not fits(patch, pasted, modality):
        return patch
    image = torch.lerp(patch.image, _alike(donor.image, patch.image, modality), _faded(pasted))
    return replace(patch, image=image, labels=torch.where(pasted, donor.labels + PASTED, patch.labels))


def fits(patch: Patch, pasted: Tensor, modality: str) -> bool:
    """Whether a mask of a finding lies in tissue of the patch and hardly over its findings."""
    if not pasted.any():
        return False
    covered = (patch.labels[pasted] > 0).float().mean()
    tissue = (patch.image[pasted] > _least_tissue(patch.image, modality)).float().mean()
    return bool(covered <= MOST_OVERLAP and tissue >= LEAST_TISSUE)


def _least_tissue(image: Tensor, modality: str) -> float:
    if modality == "CT":
        return CT_TISSUE
    dark, bright = grey_range(image)
    return dark + MR_TISSUE * (bright - dark)


def _alike(image: Tensor, like: Tensor, modality: str) -> Tensor:
    """MR has no scale of its own: dark and bright are brought together. HU stay."""
    if modality == "CT":
        return image
    (dark, bright), (low, high) = grey_range(image), grey_range(like)
    return (image - dark) * ((high - low) / max(bright - dark, 1e-6)) + low


def grey_range(image: Tensor) -> tuple[float, float]:
    """Dark and bright of an MR image, which has no scale of its own."""
    dark, bright = np.percentile(thinned(image), [DARK, BRIGHT])
    return float(dark), float(bright)


def _faded(mask: Tensor) -> Tensor:
    from torchvision.transforms.functional import gaussian_blur

    return gaussian_blur(mask.float()[:, None], 8 * round(BORDER) + 1, BORDER)[:, 0]
