"""Which classes two cases of MedSeg share: by name, and one that the truth does not name is not judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medseg_app.core.errors import InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import NUMBER, Segment


@dataclass(frozen=True, eq=False)
class SharedClasses:
    """A prediction and its truth whose segments have the names of their classes, findings no number.

    Only segments of classes that the truth names are there. not_looked_for: the other classes of the
    prediction, in their order.
    """

    prediction: LabelMap
    truth: LabelMap
    not_looked_for: tuple[str, ...]


def is_nameless(labels: LabelMap) -> bool:
    """Whether there are only names as `Label 3`, which labels have that come from a file of values."""
    return bool(labels.segments) and all(s.name == f"Label {s.value}" for s in labels.segments)


def shared_classes(
    prediction: tuple[Path, LabelMap], truth: tuple[Path, LabelMap], unknown: Collection[int] = ()
) -> SharedClasses:
    """Join two cases by the names of their classes, whatever the order and values of their segments.

    unknown: values of segments of the truth whose classes were not annotated; left out on both sides.
    Raises InputError where the truth has no segment or no class of the prediction is one of the truth.
    """
    numbered = {
        s.class_name for _, case in (prediction, truth) for s in case.segments if s.kind == "instance"
    }
    mine, theirs = (_by_class(case, numbered) for _, case in (prediction, truth))
    known = {segment.name for segment in theirs.segments}
    _require_common(prediction[0], truth[0], mine, known)
    judged = known - {segment.name for segment in theirs.segments if segment.value in unknown}
    strange = tuple(dict.fromkeys(s.name for s in mine.segments if s.name not in known))
    return SharedClasses(_only(mine, judged), _only(theirs, judged), strange)


def told_as_unknown(cases: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """A remark about all cases; none where nothing was left out. cases: of each what was not looked for."""
    told = _counted(cases)
    return (f"left out as unknown, as the truth has no segment of it: {told}",) if told else ()


def told_as_implied(cases: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The same of unions that a file could not hold (see implied_unions.py)."""
    told = _counted(cases)
    reason = "as a file of one value per voxel does not hold it beside them"
    return (f"taken as its parts together, {reason}: {told}",) if told else ()


def _counted(cases: Sequence[Sequence[str]]) -> str:
    counts = Counter(name for names in cases for name in names)
    several = len(cases) > 1
    return ", ".join(
        f"{name} (in {n} of {len(cases)} cases)" if several else name for name, n in counts.items()
    )


def _by_class(case: LabelMap, numbered: Collection[str]) -> LabelMap:
    """The case with names of classes. numbered: those that either case knows as findings."""

    def name(segment: Segment) -> str:
        # Who draws findings by hand has `Tumour` and `Tumour 2`, which no model has marked as findings.
        stem = NUMBER.sub("", segment.name)
        return stem if stem in numbered else segment.class_name

    return replace(case, segments=tuple(replace(s, name=name(s)) for s in case.segments))


def _only(case: LabelMap, names: Collection[str]) -> LabelMap:
    return replace(case, segments=tuple(segment for segment in case.segments if segment.name in names))


def _require_common(prediction: Path, truth: Path, mine: LabelMap, known: set[str]) -> None:
    if not known:
        raise InputError(
            f"{truth.name} has no segment, so nobody looked for anything in it.",
            "Add a segment for each class that was looked for, an empty one where it is not there.",
        )
    named = sorted({segment.name for segment in mine.segments})
    if named and not known & set(named):
        raise InputError(
            f"No class of {prediction.name} ({', '.join(named[:9])}) has the name of one of {truth.name} "
            f"({', '.join(sorted(known)[:9])}), and cases are compared by the names of their segments.",
            "Name the segments alike, or export both to files with the same values.",
        )
