"""Agreement of two masks of one class: overlap, surfaces and volume; empty cases as the package says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box

Mask = NDArray[np.bool_]
Spacing = tuple[float, float, float]

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
    """Compare two masks (k, j, i) of one shape; spacing in mm."""
    voxel_ml = float(np.prod(spacing_kji)) / 1000.0
    predicted, true = int(np.count_nonzero(prediction)), int(np.count_nonzero(truth))
    shared = int(np.count_nonzero(prediction & truth))
    nsd, hd95 = _surface_figures(prediction, truth, spacing_kji, tolerance_mm)
    return Overlap(
        dice=_ratio(2 * shared, predicted + true),
        iou=_ratio(shared, predicted + true - shared),
        nsd=nsd,
        hd95_mm=hd95,
        volume_error_ml=(predicted - true) * voxel_ml,
        volume_error_relative=_ratio(predicted - true, true),
        volume_ml=predicted * voxel_ml,
        truth_volume_ml=true * voxel_ml,
        nsd_tolerance_mm=tolerance_mm,
    )


def dice(prediction: Mask, truth: Mask) -> float | None:
    """Dice of two masks of one shape; None where both are empty."""
    shared = int(np.count_nonzero(prediction & truth))
    return _ratio(2 * shared, int(np.count_nonzero(prediction)) + int(np.count_nonzero(truth)))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _surface_figures(
    prediction: Mask, truth: Mask, spacing: Spacing, tolerance_mm: float
) -> tuple[float | None, float | None]:
    there, wanted = Box.around(prediction), Box.around(truth)
    if there is None or wanted is None:
        return (None if there is wanted else 0.0), None
    block = (there | wanted).slices
    mine, theirs = _surface(prediction[block]), _surface(truth[block])
    to_truth, to_prediction = _distances(mine, theirs, spacing), _distances(theirs, mine, spacing)
    near = np.count_nonzero(to_truth <= tolerance_mm) + np.count_nonzero(to_prediction <= tolerance_mm)
    hd95 = max(float(np.percentile(to_truth, 95)), float(np.percentile(to_prediction, 95)))
    return near / (to_truth.size + to_prediction.size), hd95


def _surface(mask: Mask) -> Mask:
    """Voxels of a mask with a face to the outside; beyond the array is outside."""
    from scipy import ndimage

    return np.asarray(mask & ~ndimage.binary_erosion(mask))


def _distances(surface: Mask, other: Mask, spacing: Spacing) -> NDArray[np.float64]:
    """Distance in mm of every voxel of a surface to the nearest voxel of the other."""
    from scipy import ndimage

    return np.asarray(ndimage.distance_transform_edt(~other, sampling=spacing)[surface])
