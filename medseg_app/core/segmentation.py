"""Segmentation: segments, one label array per group, and the readers' decisions per voxel.

Segments of one group never overlap; segments of different groups may. Arrays are handed out
read-only: `LabelWriter` is the only code that writes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .box import Box, Index
from .errors import WrongUse
from .geometry import VolumeGeometry
from .label_map import LabelMap
from .segment import Segment
from .segment_statistics import SegmentStatistics, deltas_of

Arrays = tuple[NDArray[Any], NDArray[np.uint8]]
"""Labels and readers' decisions of one group."""


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return view


class Segmentation:
    """The labels of one volume. `revision` counts the edits that led to this state."""

    def __init__(self, geometry: VolumeGeometry) -> None:
        self.geometry = geometry
        self.revision = 0
        self.statistics = SegmentStatistics()
        self._segments: dict[int, Segment] = {}
        self._labels: list[NDArray[Any]] = []
        self._human: list[NDArray[np.uint8]] = []
        self._views: list[NDArray[Any]] = []
        self._human_views: list[NDArray[Any]] = []
        self._add_group(np.dtype(np.uint8))

    @classmethod
    def restored(
        cls, geometry: VolumeGeometry, segments: Iterable[Segment], groups: Iterable[Arrays], revision: int
    ) -> Segmentation:
        """A segmentation as a case file holds it; groups are (labels, readers' decisions) per group."""
        new = cls(geometry)
        new._drop_last_group()
        for labels, human in groups:
            new._add_group(labels.dtype)
            new._labels[-1][...] = labels
            new._human[-1][...] = human
            box, group = Box.whole(geometry.shape), new.groups - 1
            new.statistics.apply(tuple(deltas_of(group, box, np.zeros_like(labels), labels, labels)))
        for segment in segments:
            new._segments[segment.id] = segment
        new.revision = revision
        return new

    def snapshot(self) -> Segmentation:
        """A copy of segments and labels as they are now, for work beside the window; without figures."""
        copy = Segmentation.restored(self.geometry, self.segments, (), self.revision)
        for labels, human in zip(self._labels, self._human, strict=True):
            copy._labels.append(labels.copy())
            copy._human.append(human.copy())
            copy._views.append(_read_only(copy._labels[-1]))
            copy._human_views.append(_read_only(copy._human[-1]))
        return copy

    @property
    def shape(self) -> Index:
        """Number of (slices, rows, columns)."""
        return self.geometry.shape

    @property
    def groups(self) -> int:
        """How many label arrays there are."""
        return len(self._labels)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All segments in the order in which they were made."""
        return tuple(self._segments[key] for key in sorted(self._segments))

    def segment(self, segment_id: int) -> Segment:
        """The segment with this id. Raises WrongUse where there is none."""
        try:
            return self._segments[segment_id]
        except KeyError:
            raise WrongUse(f"There is no segment with the number {segment_id}.") from None

    def has(self, segment_id: int | None) -> bool:
        """Whether a segment with this id exists."""
        return segment_id in self._segments

    def segment_at(self, index: Index, group: int | None = None) -> Segment | None:
        """The smallest segment that holds a voxel, of a group or of all; None where none does.

        Of equal ones that of the last group.
        """
        numbers = reversed(range(self.groups)) if group is None else (group,)
        found = (self.by_value(number, int(self._labels[number][index])) for number in numbers)
        holders = [segment for segment in found if segment is not None]
        return min(holders, key=lambda one: self.voxel_count(one.id), default=None)

    def by_value(self, group: int, value: int) -> Segment | None:
        """The segment with this label in a group; None for 0 and unused labels."""
        for segment in self._segments.values():
            if segment.group == group and segment.value == value:
                return segment
        return None

    def labels(self, group: int = 0) -> NDArray[Any]:
        """The label array of a group, shape (k, j, i), read-only; the same view until it is widened."""
        return self._views[group]

    def human(self, group: int = 0) -> NDArray[np.uint8]:
        """Readers' decisions of a group (HUMAN_FREE, HUMAN_YES, HUMAN_NO), read-only."""
        return self._human_views[group]

    def mask(self, segment_id: int, box: Box | None = None) -> NDArray[np.bool_]:
        """The voxels of a segment inside a box (the whole volume without one), boolean."""
        segment = self.segment(segment_id)
        area = box or Box.whole(self.shape)
        return np.asarray(self._labels[segment.group][area.slices] == segment.value)

    def box(self, segment_id: int) -> Box | None:
        """The smallest box around a segment; None where it has no voxel."""
        segment = self.segment(segment_id)
        around = self.statistics.bounds(segment.group, segment.value)
        if around is None:
            return None
        inner = Box.around(self._labels[segment.group][around.slices] == segment.value)
        return None if inner is None else inner.shifted(around.start)

    def voxel_count(self, segment_id: int) -> int:
        """How many voxels a segment holds; kept up to date by every edit."""
        segment = self.segment(segment_id)
        return self.statistics.count(segment.group, segment.value)

    def centroid_lps(self, segment_id: int) -> tuple[float, float, float] | None:
        """Centre of a segment in patient mm (LPS); None where it has no voxel."""
        segment = self.segment(segment_id)
        index = self.statistics.centroid(segment.group, segment.value)
        if index is None:
            return None
        x, y, z = self.geometry.to_patient(index).tolist()
        return x, y, z

    def free_id(self) -> int:
        """The next segment id; never one that an existing segment has."""
        return max(self._segments, default=0) + 1

    def free_value(self, group: int, taken: Iterable[int] = ()) -> int:
        """The smallest unused label value of a group."""
        used = {s.value for s in self._segments.values() if s.group == group} | set(taken)
        return next(value for value in range(1, 65536) if value not in used)

    def to_label_map(self, segment_ids: Iterable[int] | None = None) -> LabelMap:
        """The chosen segments (all without a choice) as a label map that exporters write."""
        wanted = set(self._segments) if segment_ids is None else set(segment_ids)
        chosen = tuple(s for s in self.segments if s.id in wanted)
        layers = []
        for group, labels in enumerate(self._labels):
            others = [s.value for s in self.segments if s.group == group and s.id not in wanted]
            layers.append(
                np.where(np.isin(labels, others), 0, labels).astype(labels.dtype) if others else labels
            )
        return LabelMap(tuple(_read_only(layer) for layer in layers), self.geometry, chosen)

    # -- for LabelWriter and the case file only ----------------------------------------------------

    def _add_group(self, dtype: np.dtype[Any]) -> None:
        self._labels.append(np.zeros(self.shape, dtype))
        self._human.append(np.zeros(self.shape, np.uint8))
        self._views.append(_read_only(self._labels[-1]))
        self._human_views.append(_read_only(self._human[-1]))

    def _drop_last_group(self) -> None:
        for arrays in (self._labels, self._human, self._views, self._human_views):
            arrays.pop()

    def _set_dtype(self, group: int, dtype: np.dtype[Any]) -> None:
        self._labels[group] = self._labels[group].astype(dtype)
        self._views[group] = _read_only(self._labels[group])

    def _set_segment(self, segment_id: int, segment: Segment | None) -> None:
        if segment is None:
            self._segments.pop(segment_id, None)
        else:
            self._segments[segment_id] = segment
