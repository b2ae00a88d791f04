"""The slice of a case in which prediction and truth differ most, with the image if there is one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medseg_app.app.evaluate_folders import ComparedCase
from medseg_app.app.label_pair import LabelPair, read_pair
from medseg_app.core.box import Box
from medseg_app.core.errors import MedsegError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.metrics.evaluate_files import by_key, union_mask

from .case_image import find_case_image, read_case_image

Mask = NDArray[np.bool_]
MARGIN_MM = 25.0
SMALLEST_MM = 80.0
UP = 2
"""The patient axis (LPS) that points to the head."""


@dataclass(frozen=True, eq=False)
class WorstSlice:
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


def worst_slice(case: ComparedCase, images: Path | None) -> tuple[WorstSlice | None, str]:
    """The slice with the most voxels that differ, None where nothing does; and a remark, empty if none."""
    pair = read_pair(case.pair.prediction, case.pair.truth, case.unknown)
    volume, remark = _image(case.pair.name, images)
    if volume is not None:
        placed = _onto(pair, volume.geometry)
        if placed is None:
            volume, remark = None, f"{case.pair.name}: its image lies on another grid than its labels."
        else:
            pair = placed
    wrong = _wrong(pair)
    if not wrong.any():
        return None, remark
    k = int(np.argmax(wrong.sum(axis=(1, 2))))
    return _cut(k, wrong[k], pair, volume), remark


def _image(name: str, images: Path | None) -> tuple[Volume | None, str]:
    if images is None:
        return None, ""
    path = find_case_image(images, name)
    if path is None:
        return None, f"{name}: there is no image of this name."
    try:
        return read_case_image(path), ""
    except MedsegError as error:
        return None, f"{name}: {error.message}"


def _onto(pair: LabelPair, geometry: VolumeGeometry) -> LabelPair | None:
    """Both on the grid of the image (a SEG holds only the slices with voxels); None where they do not fit."""
    from medseg_app.io.regrid import place

    placed = place(pair.prediction, geometry), place(pair.truth, geometry)
    if any(not one.exact or one.outside for one in placed):
        return None
    return replace(pair, prediction=placed[0].label_map, truth=placed[1].label_map)


def _wrong(pair: LabelPair) -> Mask:
    """Voxels of which the two say something different about any class, shape (k, j, i)."""
    mine, theirs = _classes(pair, pair.prediction), _classes(pair, pair.truth)
    wrong = np.zeros(pair.truth.geometry.shape, bool)
    for key in {*mine, *theirs}:
        wrong |= union_mask(pair.prediction, mine.get(key, [])) ^ union_mask(pair.truth, theirs.get(key, []))
    return wrong


def _classes(pair: LabelPair, labels: LabelMap) -> dict[str, list[Segment]]:
    """The segments of each class; findings, whose numbers mean nothing, as one class."""
    by_class = by_key(labels, pair.match_by, {str(one) for one in pair.unknown})
    segments = [segment for side in (pair.prediction, pair.truth) for segment in side.segments]
    if any(segment.kind == "instance" for segment in segments):
        return {"findings": [segment for same in by_class.values() for segment in same]}
    return by_class


def _planes(pair: LabelPair, labels: LabelMap, k: int) -> list[Mask]:
    """What slice k holds of each class."""
    planes = []
    for segments in _classes(pair, labels).values():
        parts = [labels.layers[segment.group][k] == segment.value for segment in segments]
        if parts and np.any(parts):
            planes.append(np.logical_or.reduce(parts))
    return planes


def _cut(k: int, wrong: Mask, pair: LabelPair, volume: Volume | None) -> WorstSlice:
    """The part of slice k around everything that is marked in it."""
    geometry = pair.truth.geometry
    truths, predictions = _planes(pair, pair.truth, k), _planes(pair, pair.prediction, k)
    rows, columns = geometry.spacing_kji[1:]
    window = _window(np.logical_or.reduce([wrong, *truths, *predictions]), (rows, columns))
    flips = _flips(geometry)
    return WorstSlice(
        number=k + 1,
        slices=geometry.shape[0],
        wrong=int(wrong.sum()),
        image=None if volume is None else _grey(volume, k)[window][flips],
        truths=tuple(plane[window][flips] for plane in truths),
        predictions=tuple(plane[window][flips] for plane in predictions),
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
