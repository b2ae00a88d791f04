"""Instances by weighted box clustering: views become one detection a slice, and slices become objects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .cluster_slices import cluster_slices
from .divide_merged import divide_merged
from .link_slices import Instance, SliceDetection, link_slices


class ClusteredInstance(Instance):
    """An instance whose score falls with the slices between its ends that show nothing."""

    @property
    def score(self) -> float:
        """Mean of the scores, weighted by area; a slice without a detection counts as one of 0."""
        present = len(self.parts)
        missing = self.parts[-1].k - self.parts[0].k + 1 - present
        areas = np.array([part.area for part in self.parts], float)
        scores = np.array([part.score for part in self.parts])
        return float((scores * areas).sum() / (areas.sum() + missing * areas.mean()))


def clustered_instances(detections: Sequence[SliceDetection], min_iou: float) -> list[Instance]:
    """Instances from detections of all slices, best score first.

    min_iou: from which on two detections of a class and slice are views of one object.
    Objects that touch stay apart, also where one slice shows them as one (see divide_merged.py).
    """
    single = cluster_slices(divide_merged(detections), min_iou)
    found = [ClusteredInstance(one.class_value, one.parts) for one in link_slices(single)]
    return sorted(found, key=lambda one: (-one.score, one.box.start, one.box.stop))
