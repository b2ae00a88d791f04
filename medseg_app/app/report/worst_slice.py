"""The slice of a case in which prediction and truth differ most, with the image if there is one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from medseg_app.app.evaluate_folders import ComparedCase
from medseg_app.app.label_pair import LabelPair, read_pair
from medseg_app.core.box import Box
from medseg_app.core.errors import MedsegError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume
from medseg_app.metrics.class_masks import ClassMasks, both_sides

from .case_image import find_case_image, read_case_image
from .cut_out import CutOut, Mask, cut_out


def worst_slice(case: ComparedCase, images: Path | None) -> tuple[CutOut | None, str]:
    """The slice with the most voxels that differ, None where nothing does; and a remark, empty if none."""
    pair = read_pair(case.pair.prediction, case.pair.truth, case.unknown, case.comparison.yardstick)
    volume, remark = _image(case.pair.name, images)
    if volume is not None:
        placed = _onto(pair, volume.geometry)
        if placed is None:
            volume, remark = None, f"{case.pair.name}: its image lies on another grid than its labels."
        else:
            pair = placed
    left_out, rule = {str(one) for one in pair.unknown}, pair.yardstick.findings
    sides = _Sides(*both_sides(pair.prediction, pair.truth, pair.match_by, left_out, rule))
    wrong = sides.wrong()
    if not wrong.any():
        return None, remark
    k = int(np.argmax(wrong.sum(axis=(1, 2))))
    planes = _planes(sides.truth, k), _planes(sides.prediction, k)
    return cut_out(k, wrong[k], planes, sides.geometry, volume), remark


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


@dataclass(frozen=True, eq=False)
class _Sides:
    """The classes of a prediction and of its truth on one grid."""

    prediction: ClassMasks
    truth: ClassMasks

    @property
    def geometry(self) -> VolumeGeometry:
        """The grid of both."""
        return self.truth.label_map.geometry

    def wrong(self) -> Mask:
        """Voxels of which the two say something different, shape (k, j, i)."""
        wrong = np.zeros(self.geometry.shape, bool)
        for key in {*self.prediction.classes, *self.truth.classes}:
            box = self.prediction.box(key) | self.truth.box(key)
            wrong[box.slices] |= self.prediction.mask(key, box) ^ self.truth.mask(key, box)
        return wrong


def _planes(side: ClassMasks, k: int) -> list[Mask]:
    """What slice k holds of each class."""
    _, rows, columns = side.label_map.geometry.shape
    whole = Box((k, 0, 0), (k + 1, rows, columns))
    planes = [side.mask(key, whole)[0] for key in side.classes]
    return [plane for plane in planes if plane.any()]
