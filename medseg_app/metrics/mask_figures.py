"""Dice, IoU, NSD and HD95 by MONAI, of two masks of one shape (k, j, i) that both hold voxels.

What is undefined where one of them is empty is told in overlap.py: MONAI is never asked, as it would say
NaN or infinity.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Mask = NDArray[np.bool_]
Spacing = tuple[float, float, float]


def dice_of(prediction: Mask, truth: Mask) -> float:
    """Twice the shared voxels as a share of both masks' voxels, in double precision."""
    from monai.metrics import compute_dice

    return float(compute_dice(*_voxels_of_either(prediction, truth), include_background=False))


def iou_of(prediction: Mask, truth: Mask) -> float:
    """The shared voxels as a share of the voxels of either mask, in double precision."""
    from monai.metrics import compute_iou

    return float(compute_iou(*_voxels_of_either(prediction, truth), include_background=False))


def nsd_of(prediction: Mask, truth: Mask, spacing_kji: Spacing, tolerance_mm: float) -> float:
    """Share of both surfaces within the tolerance of the other, in single precision; spacing in mm.

    Surfaces are the voxels with a face to the outside; beyond the array is outside.
    """
    from monai.metrics import compute_surface_dice

    pair = _image(prediction), _image(truth)
    with _quiet_monai():
        return float(compute_surface_dice(*pair, [tolerance_mm], spacing=spacing_kji))


def hd95_of(prediction: Mask, truth: Mask, spacing_kji: Spacing) -> float:
    """The larger of the two 95th percentiles of the distances of those surfaces, in mm; single precision."""
    from monai.metrics import compute_hausdorff_distance

    pair = _image(prediction), _image(truth)
    with _quiet_monai():
        return float(compute_hausdorff_distance(*pair, percentile=95, spacing=spacing_kji))


def _voxels_of_either(prediction: Mask, truth: Mask) -> tuple[Tensor, Tensor]:
    """Both masks on the voxels that one of them holds at least, shape (1, 2, voxels).

    All others count in neither figure and cost time. float32 is not exact above 2^24 voxels, so the truth
    is in double precision, in which MONAI then computes. A lone channel it would take for a label map and
    compute in float32: the mask stands in both, and the first is left out as that of the background.
    """
    from torch import from_numpy

    either = prediction | truth
    mine, theirs = from_numpy(prediction[either]), from_numpy(truth[either]).double()
    return mine.expand(1, 2, -1), theirs.expand(1, 2, -1)


def _image(mask: Mask) -> Tensor:
    """A mask as a batch of one image with one channel, shape (1, 1, k, j, i)."""
    from torch import from_numpy

    # A copy: torch warns of arrays that are read-only.
    return from_numpy(np.array(mask[None, None], bool))


@contextmanager
def _quiet_monai() -> Iterator[None]:
    """Without the warning of MONAI 1.6 that it calls a function of its own in an old way."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*always_return_as_numpy", FutureWarning)
        yield
