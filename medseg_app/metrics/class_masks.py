"""ClassMasks: the segments of a label map by class, each looked at only inside the box that holds it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment

MatchBy = Literal["value", "name"]
NOWHERE = Box((0, 0, 0), (0, 0, 0))


class ClassMasks:
    """Classes with voxels, by value or by name; several layers may hold the same one.

    left_out: keys of classes that take no part. Every layer is searched once, however many segments it
    holds.
    """

    def __init__(self, label_map: LabelMap, match_by: MatchBy, left_out: Collection[str] = ()) -> None:
        self.label_map = label_map
        self._boxes = _boxes(label_map)
        self.classes: dict[str, list[Segment]] = {}
        for segment in label_map.segments:
            key = str(segment.value) if match_by == "value" else segment.name
            if key not in left_out and (segment.group, segment.value) in self._boxes:
                self.classes.setdefault(key, []).append(segment)

    @property
    def segments(self) -> list[Segment]:
        """All segments that take part."""
        return [segment for same in self.classes.values() for segment in same]

    def box(self, key: str) -> Box:
        """The smallest box around a class; empty where it is not there."""
        box = NOWHERE
        for segment in self.classes.get(key, []):
            box = box | self.box_of(segment)
        return box

    def box_of(self, segment: Segment) -> Box:
        """The smallest box around a segment that takes part."""
        return self._boxes[segment.group, segment.value]

    def mask(self, key: str, box: Box) -> NDArray[np.bool_]:
        """The voxels of a class inside a box, of the box's shape."""
        mask = np.zeros(box.shape, bool)
        for segment in self.classes.get(key, []):
            mask |= self.mask_of(segment, box)
        return mask

    def mask_of(self, segment: Segment, box: Box) -> NDArray[np.bool_]:
        """The voxels of a segment inside a box, of the box's shape."""
        return np.asarray(self.label_map.layers[segment.group][box.slices] == segment.value)


def _boxes(label_map: LabelMap) -> dict[tuple[int, int], Box]:
    """The box of every (layer, value) that has voxels."""
    from scipy import ndimage

    return {
        (group, value): Box.of([s.start for s in place], [s.stop for s in place])
        for group, layer in enumerate(label_map.layers)
        for value, place in enumerate(ndimage.find_objects(layer), start=1)
        if place is not None
    }
