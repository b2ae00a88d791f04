"""What a labeller decided in a part of a volume, laid out on the whole grid."""

from __future__ import annotations

import numpy as np

from medseg_app.engines.fit import Fit
from medseg_app.engines.slab_labeller import SlabLabeller


def laid_out(part: np.ndarray, labeller: SlabLabeller, fit: Fit) -> np.ndarray:
    """The part in zeros, on the grid of the volume (k, j, i)."""
    shape = np.empty(3, int)
    shape[list(fit.axes)] = fit.turned_shape
    whole = np.zeros(shape, part.dtype)
    whole[labeller.decided.slices] = part
    return whole
