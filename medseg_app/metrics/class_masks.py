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
Rule = Literal["apart", "named", "known", "all", "one"]
"""Which segments are one class, FINDINGS: none (two rules), those that are known as findings, or all.

The numbers of findings are ranks: number 2 of the prediction is not number 2 of the truth. Where figures
go finding by finding their names still tell "Tumour 1" and "Node 1" apart, but not by the rule "one". By the
rule "named" segments have the names of their classes: a class with a finding on either side, which may be
empty, is one of findings on both, and where there is such a class all others are organs.
"""
FINDINGS = "findings"
Place = tuple[int, int]
"""Layer and value of a segment."""
NOWHERE = Box((0, 0, 0), (0, 0, 0))


class ClassMasks:
    """Classes with voxels, by value or by name; several layers may hold the same one.

    left_out: keys of classes that take no part. findings: segments that are known as findings; by every
    rule but "apart" and "named" they are the class FINDINGS. Every layer is searched once, however many
    segments it holds.
    """

    def __init__(
        self,
        label_map: LabelMap,
        match_by: MatchBy,
        left_out: Collection[str] = (),
        findings: Collection[Place] = (),
        rule: Rule = "known",
    ) -> None:
        self.label_map, self._match_by, self._findings = label_map, match_by, frozenset(findings)
        self._rule = rule
        self._boxes = _boxes(label_map)
        self.classes: dict[str, list[Segment]] = {}
        for segment in label_map.segments:
            key = self.key(segment)
            if key not in left_out and (segment.group, segment.value) in self._boxes:
                together = rule not in ("apart", "named") and self.is_finding(segment)
                self.classes.setdefault(FINDINGS if together else key, []).append(segment)

    def key(self, segment: Segment) -> str:
        """Under what a segment is matched if it is no finding."""
        return str(segment.value) if self._match_by == "value" else segment.name

    def is_finding(self, segment: Segment) -> bool:
        """Whether a segment is known as a finding, so that its number is a rank."""
        return (segment.group, segment.value) in self._findings

    def name(self, key: str) -> str:
        """What a class is called; empty where it is not there."""
        segments = self.classes.get(key)
        return "" if not segments else FINDINGS if key == FINDINGS else segments[0].name

    @property
    def segments(self) -> list[Segment]:
        """All segments that take part."""
        return [segment for same in self.classes.values() for segment in same]

    @property
    def findings(self) -> list[Segment]:
        """The segments that take part and hold findings; in files that tell no kinds all do."""
        if self._rule == "named":
            return [segment for segment in self.segments if self.is_finding(segment)]
        return [segment for segment in self.segments if segment.kind == "instance"] or self.segments

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


def both_sides(
    prediction: LabelMap, truth: LabelMap, match_by: MatchBy, left_out: Collection[str], rule: Rule
) -> tuple[ClassMasks, ClassMasks]:
    """The classes of a prediction and of its truth."""
    mine, theirs = _findings(prediction, truth, rule), _findings(truth, prediction, rule)
    return (
        ClassMasks(prediction, match_by, left_out, mine, rule),
        ClassMasks(truth, match_by, left_out, theirs, rule),
    )


def natural(key: str) -> tuple[bool, int, str]:
    """Sorts numbers in their order, then names."""
    return (not key.isdecimal(), int(key) if key.isdecimal() else 0, key)


def _findings(label_map: LabelMap, other: LabelMap, rule: Rule) -> set[Place]:
    """Which segments are findings. A file that tells no kinds is taken as its partner is, if that has only
    findings.
    """
    if rule == "named":
        return _of_finding_classes(label_map, other)
    known = [segment for segment in label_map.segments if segment.kind == "instance"]
    partner = {segment.kind for segment in other.segments}
    if rule in ("all", "one") or (not known and partner == {"instance"}):
        known = list(label_map.segments)
    return {(segment.group, segment.value) for segment in known}


def _of_finding_classes(label_map: LabelMap, other: LabelMap) -> set[Place]:
    """The segments that have the name of a finding of either side; all where there is no finding."""
    names = {s.name for side in (label_map, other) for s in side.segments if s.kind == "instance"}
    return {(s.group, s.value) for s in label_map.segments if not names or s.name in names}


def _boxes(label_map: LabelMap) -> dict[Place, Box]:
    """The box of every (layer, value) that has voxels."""
    from scipy import ndimage

    return {
        (group, value): Box.of([s.start for s in place], [s.stop for s in place])
        for group, layer in enumerate(label_map.layers)
        for value, place in enumerate(ndimage.find_objects(layer), start=1)
        if place is not None
    }
