"""Of which class the findings of a file are: a finding never hits a truth of another class."""

from __future__ import annotations

from collections.abc import Callable

from medseg_app.core.segment import NUMBER, Segment

from .class_masks import ClassMasks, Rule


def class_teller(mine: ClassMasks, theirs: ClassMasks, rule: Rule) -> Callable[[ClassMasks, Segment], str]:
    """What tells the class of a segment of either side; it is empty where nothing tells it.

    The class of a finding is its name without the number, if both files name all that they hold. Of any
    other segment, and by the rule "named" of all, it is what the segment is matched by.
    """
    segments = [*mine.segments, *theirs.segments]
    named = rule != "one" and all(segment.name != f"Label {segment.value}" for segment in segments)

    def class_of(side: ClassMasks, segment: Segment) -> str:
        if rule == "named" or not side.is_finding(segment):
            return side.key(segment)
        return NUMBER.sub("", segment.name) if named else ""

    return class_of
