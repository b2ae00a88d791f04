"""A volume in the frame of a model, resampled by the device of the run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axis_taps import AxisTaps
from .fit import Fit

PLANES_AT_ONCE = 32


def image_by(device: str, fit: Fit, voxels: NDArray[Any]) -> NDArray[Any]:
    """What `Fit.image` gives for voxels (k, j, i) of the volume; a card resamples many planes at once."""
    if device == "cpu" or not fit.is_resampled:
        return fit.image(voxels)
    return resampled(device, fit, fit.turned(voxels))


def resampled(device: str, fit: Fit, turned: NDArray[Any]) -> NDArray[np.float32]:
    """Voxels (k, j, i) in the order of the model's axes, resampled into its frame."""
    import torch

    slices, rows, columns = (AxisTaps.reading(axis, device).whole for axis in fit.sampling)
    with torch.inference_mode():
        planes = torch.empty((len(turned), *fit.model_shape[1:]), device=device)
        for k in range(0, len(turned), PLANES_AT_ONCE):
            few = torch.from_numpy(np.array(turned[k : k + PLANES_AT_ONCE], order="C")).to(device).float()
            planes[k : k + PLANES_AT_ONCE] = rows.write(columns.write(few, 2), 1)
        return np.asarray(slices.write(planes, 0).cpu().numpy())
