"""The findings of a label map, with their scores, or with ranks where the file holds no scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from medseg_app.core.segment import Segment

from .class_masks import ClassMasks
from .instances import Finding, components


@dataclass(frozen=True, eq=False)
class FileFindings:
    """Findings, best first. by_rank: their scores say only in which order they come."""

    findings: tuple[Finding, ...]
    by_rank: bool


def findings_of(masks: ClassMasks, class_of: Callable[[ClassMasks, Segment], str]) -> FileFindings:
    """The segments of kind "instance", and the 26-connected parts of other segments that hold findings.

    In files that tell no kinds all do. Parts have the score of their segment. Where one segment has no
    score, the order of the values stands for the scores of all: files of findings are numbered by falling
    score. class_of: the class of a segment, see finding_classes.py.
    """
    chosen = sorted(masks.findings, key=lambda segment: segment.value)
    by_rank = any(segment.score is None for segment in chosen)
    if by_rank:
        chosen = [replace(segment, score=float(-rank)) for rank, segment in enumerate(chosen)]
    chosen.sort(key=lambda segment: -(segment.score or 0.0))
    found = [
        replace(part, class_key=class_of(masks, segment))
        for segment in chosen
        for part in _parts(masks, segment)
    ]
    return FileFindings(tuple(found), by_rank)


def _parts(masks: ClassMasks, segment: Segment) -> list[Finding]:
    box = masks.box_of(segment)
    mask = masks.mask_of(segment, box)
    if segment.kind == "instance":
        return [Finding(box, mask, segment.name, segment.score)]
    parts = components(mask, segment.name, segment.score)
    return [replace(part, box=part.box.shifted(box.start)) for part in parts]
