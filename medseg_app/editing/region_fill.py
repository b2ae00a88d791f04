"""Fill: the closed region of one slice that a position lies in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box, Index
from medseg_app.core.errors import WrongUse

from .stamp import Stamp


def enclosed_region(labels: NDArray[Any], index: Index, axis: int) -> Stamp:
    """The 4-connected region of equal labels around a voxel, in the plane of the array normal to `axis`.

    labels: shape (k, j, i). Raises WrongUse where an empty region reaches the edge of the image: it is
    not enclosed by anything.
    """
    from scipy import ndimage

    plane = np.take(labels, index[axis], axis=axis)
    seed = tuple(n for a, n in enumerate(index) if a != axis)
    regions, _ = ndimage.label(plane == plane[seed])
    region = regions == regions[seed]
    edge = region[0].any() or region[-1].any() or region[:, 0].any() or region[:, -1].any()
    if plane[seed] == 0 and edge:
        raise WrongUse(
            "This region is open to the edge of the image.", "Draw a closed outline around it first."
        )
    mask = np.expand_dims(region, axis)
    around = Box.around(mask)
    assert around is not None  # the seed itself is in the region
    offset = [index[a] if a == axis else 0 for a in range(3)]
    return Stamp(around.shifted(offset), mask[around.slices])
