"""Agreement of two masks of one class: overlap, surfaces and volume; empty cases as the package says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .mask_figures import Mask, Spacing, dice_of, hd95_of, iou_of, nsd_of

NSD_TOLERANCE_MM = 2.0


@dataclass(frozen=True)
class Overlap:
    """How a predicted mask agrees with the truth.

    nsd: share of both surfaces that lies within the tolerance of the other (normalised surface Dice,
    counted in surface voxels). hd95_mm: the larger of the two 95th percentiles of surface distances.
    volume_error_ml: prediction minus truth; volume_error_relative: its share of the true volume.
    """

    dice: float | None
    iou: float | None
    nsd: float | None
    hd95_mm: float | None
    volume_error_ml: float
    volume_error_relative: float | None
    volume_ml: float
    truth_volume_ml: float
    nsd_tolerance_mm: float

    def to_json(self) -> dict[str, Any]:
        """The figures by name; undefined ones are None."""
        return asdict(self)


def compare_masks(
    prediction: Mask, truth: Mask, spacing_kji: Spacing, tolerance_mm: float = NSD_TOLERANCE_MM
) -> Overlap:
    """Compare two masks (k, j, i) of one shape; spacing and tolerance (finite, 0 or more) in mm."""
    voxel_ml = float(np.prod(spacing_kji)) / 1000.0
    predicted, true = int(np.count_nonzero(prediction)), int(np.count_nonzero(truth))
    both = bool(predicted and true)
    nothing = 0.0 if predicted or true else None
    return Overlap(
        dice=dice_of(prediction, truth) if both else nothing,
        iou=iou_of(prediction, truth) if both else nothing,
        nsd=nsd_of(prediction, truth, spacing_kji, tolerance_mm) if both else nothing,
        hd95_mm=hd95_of(prediction, truth, spacing_kji) if both else None,
        volume_error_ml=(predicted - true) * voxel_ml,
        volume_error_relative=(predicted - true) / true if true else None,
        volume_ml=predicted * voxel_ml,
        truth_volume_ml=true * voxel_ml,
        nsd_tolerance_mm=tolerance_mm,
    )


def dice(prediction: Mask, truth: Mask) -> float | None:
    """Dice of two masks of one shape; None where both are empty."""
    there, wanted = bool(prediction.any()), bool(truth.any())
    if there and wanted:
        return dice_of(prediction, truth)
    return 0.0 if there or wanted else None
