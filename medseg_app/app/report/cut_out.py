"""The part of a slice around what is marked in it, turned as radiologists look at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume

Mask = NDArray[np.bool_]
MARGIN_MM = 25.0
SMALLEST_MM = 80.0
UP = 2
"""The patient axis (LPS) that points to the head."""


@dataclass(frozen=True, eq=False)
class CutOut:
    """A cut-out of one slice, turned as radiologists look at it; all planes of shape (rows, columns).

    number: of the slice, from 1. wrong: how many of its voxels differ. image: grey values 0..255, None
    without an image. truths, predictions: one mask per class. spacing_mm: between rows and columns.
    """

    number: int
    slices: int
    wrong: int
    image: NDArray[np.uint8] | None
    truths: tuple[Mask, ...]
    predictions: tuple[Mask, ...]
    spacing_mm: tuple[float, float]


def cut_out(
    k: int,
    wrong: Mask,
    planes: tuple[list[Mask], list[Mask]],
    geometry: VolumeGeometry,
    volume: Volume | None,
) -> CutOut:
    """Slice k of a grid, cut around everything that is marked in it with a margin of MARGIN_MM.

    wrong: its voxels that differ, at least one. planes: masks of the truth and of the prediction. volume:
    the image on the same grid, None where there is none.
    """
    rows, columns = geometry.spacing_kji[1:]
    window = _window(np.logical_or.reduce([wrong, *planes[0], *planes[1]]), (rows, columns))
    flips = _flips(geometry)
    truths, predictions = (tuple(plane[window][flips] for plane in side) for side in planes)
    return CutOut(
        number=k + 1,
        slices=geometry.shape[0],
        wrong=int(wrong.sum()),
        image=None if volume is None else _grey(volume, k)[window][flips],
        truths=truths,
        predictions=predictions,
        spacing_mm=(rows, columns),
    )


def _window(marked: Mask, spacing: tuple[float, float]) -> tuple[slice, slice]:
    box = Box.around(marked[None])
    assert box is not None
    parts = []
    for start, stop, step, count in zip(box.start[1:], box.stop[1:], spacing, marked.shape, strict=True):
        margin = max(MARGIN_MM, (SMALLEST_MM - (stop - start) * step) / 2) / step
        parts.append(slice(max(0, int(start - margin)), min(count, int(np.ceil(stop + margin)))))
    return parts[0], parts[1]


def _flips(geometry: VolumeGeometry) -> tuple[slice, slice]:
    """How rows and columns are turned: right is the patient's left or back, down is back or feet."""
    turned = []
    for axis in geometry.direction_kji[:, 1:].T:
        main = int(np.argmax(np.abs(axis)))
        wanted = axis[main] * (-1.0 if main == UP else 1.0)
        turned.append(slice(None, None, -1 if wanted < 0 else 1))
    return turned[0], turned[1]


def _grey(volume: Volume, k: int) -> NDArray[np.uint8]:
    from medseg_app.app.windows import first_window

    (centre, width), _ = first_window(volume)
    share = (volume.voxels[k].astype(np.float32) - (centre - width / 2)) / width
    grey = np.clip(share, 0.0, 1.0) * 255
    return np.asarray(255 - grey if volume.inverted else grey, dtype=np.uint8)
