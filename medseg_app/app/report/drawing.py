"""A slice as a PNG: the image in grey, the outlines of truth and prediction in colours all can tell apart."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cut_out import CutOut, Mask

LONGEST_PX = 440
LINE_PX = 2
TRUTH = (86, 180, 233)
PREDICTION = (230, 159, 0)
"""Sky blue and orange of Okabe and Ito."""
GROUND = (27, 31, 35)
TINT = 0.28
"""How much of its colour fills a mask where there is no image below."""


def draw(cut: CutOut) -> bytes:
    """The picture as PNG, its longer side LONGEST_PX pixels, one scale in both directions.

    The line of the prediction runs just outside of its voxels, that of the truth just inside: where both
    agree the two lie side by side.
    """
    from PIL import Image

    size = _size(cut)
    canvas = _ground(cut, size)
    sides = ((cut.truths, TRUTH), (cut.predictions, PREDICTION))
    if cut.image is None:
        for masks, colour in sides:
            for mask in masks:
                canvas[_scaled(mask, size)] += TINT * (np.array(colour) - canvas[_scaled(mask, size)])
    for masks, colour in sides:
        for mask in masks:
            canvas[_outline(_scaled(mask, size), outside=colour == PREDICTION)] = colour
    stream = io.BytesIO()
    Image.fromarray(np.rint(canvas).astype(np.uint8)).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _size(cut: CutOut) -> tuple[int, int]:
    """(rows, columns) of the picture."""
    shape = (cut.truths + cut.predictions)[0].shape
    height, width = (n * step for n, step in zip(shape, cut.spacing_mm, strict=True))
    scale = LONGEST_PX / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _ground(cut: CutOut, size: tuple[int, int]) -> NDArray[np.float64]:
    if cut.image is None:
        return np.full((*size, 3), GROUND, dtype=np.float64)
    return np.repeat(_resized(cut.image, size, smooth=True)[..., None], 3, axis=2).astype(np.float64)


def _scaled(mask: Mask, size: tuple[int, int]) -> Mask:
    return _resized(mask.astype(np.uint8), size, smooth=False) > 0


def _resized(plane: NDArray[np.uint8], size: tuple[int, int], *, smooth: bool) -> NDArray[Any]:
    from PIL import Image

    way = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size[::-1], way))


def _outline(mask: Mask, *, outside: bool) -> Mask:
    from scipy import ndimage

    if outside:
        return np.asarray(ndimage.binary_dilation(mask, iterations=LINE_PX) & ~mask)
    return np.asarray(mask & ~ndimage.binary_erosion(mask, iterations=LINE_PX, border_value=1))
