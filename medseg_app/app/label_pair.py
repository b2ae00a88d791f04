"""A prediction and its truth, read from files and brought onto one grid."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from medseg_app.core.errors import InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.metrics.class_masks import MatchBy
from medseg_app.metrics.evaluate_files import Comparison, Yardstick, compare

from .case_classes import is_nameless, shared_classes
from .common_grid import on_one_grid
from .finding_scores import with_scores
from .implied_unions import with_implied_unions

File = tuple[Path, LabelMap]
"""A file and what it holds."""


@dataclass(frozen=True, eq=False)
class LabelPair:
    """Both on one grid. unknown: the classes that take no part, in the terms of match_by.

    not_looked_for: names of predicted classes that were taken out, as the case of the truth has none of them.
    implied: names of unions that one of the files could not hold and was given (see implied_unions.py).
    """

    prediction: LabelMap
    truth: LabelMap
    match_by: MatchBy
    unknown: frozenset[int | str]
    yardstick: Yardstick
    not_looked_for: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()

    def by_value(self) -> LabelPair:
        """Cases with classes told by value, as in other files, where each has one value on both sides.

        Values of findings are ranks and tell no class.
        """
        segments = (*self.prediction.segments, *self.truth.segments)
        found = {(one.name, one.value) for one in segments}
        is_told = len({name for name, _ in found}) == len(found) == len({value for _, value in found})
        are_organs = self.yardstick.findings == "named" and all(one.kind == "semantic" for one in segments)
        return replace(self, match_by="value") if are_organs and is_told else self

    def compare(self) -> Comparison:
        """How the prediction agrees with the truth."""
        return compare(self.prediction, self.truth, self.unknown, self.match_by, self.yardstick)


def read_pair(
    prediction: Path, truth: Path, unknown: Collection[int] = (), yardstick: Yardstick | None = None
) -> LabelPair:
    """Read two files. Classes match by value, in DICOM SEG (whose numbers only count) and cases by name.

    In a case a class without a segment was not looked for: it takes no part, also where it is predicted.
    unknown: values of classes that were not annotated; of a SEG or case those of segments of the truth.
    Raises GeometryError where the grids differ, InputError where only one of the files names its classes,
    or two cases have no class in common.
    """
    yardstick = yardstick or Yardstick()
    mine, theirs = with_scores(prediction, _read(prediction)), _read(truth)
    if yardstick.findings != "one" and _name_alike((prediction, mine), (truth, theirs)):
        return _of_cases((prediction, mine), (truth, theirs), unknown, yardstick)
    holds_seg = [_is_seg(path) for path in (prediction, truth)]
    mine, theirs = on_one_grid(mine, theirs) if any(holds_seg) else (mine, theirs)
    if not any(holds_seg):
        return _of_files(LabelPair(mine, theirs, "value", frozenset(unknown), yardstick))
    if not all(holds_seg):
        _require_common_names((prediction, mine), (truth, theirs))
    left_out = _names(theirs, unknown) or _names(mine, unknown)
    return _of_files(LabelPair(mine, theirs, "name", left_out, yardstick))


def _of_files(pair: LabelPair) -> LabelPair:
    """The pair with what one of the files could not hold beside its parts."""
    if pair.yardstick.findings == "one" or not pair.prediction.geometry.same_grid(pair.truth.geometry, 0.01):
        return pair  # what lies on other grids is refused later
    both = with_implied_unions(pair.prediction, pair.truth, pair.match_by)
    return replace(pair, prediction=both.prediction, truth=both.truth, implied=both.names)


def _name_alike(*files: File) -> bool:
    """Whether both are cases that tell their classes by name, or both by nothing but a value."""
    nameless = {is_nameless(labels) for _, labels in files if labels.segments}
    return all(_is_case(path) for path, _ in files) and len(nameless) < 2


def _of_cases(prediction: File, truth: File, unknown: Collection[int], yardstick: Yardstick) -> LabelPair:
    shared = shared_classes(prediction, truth, unknown)
    match_by: MatchBy = "value" if is_nameless(truth[1]) else "name"
    named = replace(yardstick, findings="named")
    return LabelPair(shared.prediction, shared.truth, match_by, frozenset(), named, shared.not_looked_for)


def _read(path: Path) -> LabelMap:
    """The labels of a file or case."""
    if _is_case(path):
        from medseg_app.io.case_file import read_case_file

        return read_case_file(path).segmentation.to_label_map()
    from medseg_app.io.formats import read_labels

    return read_labels(path)


def _is_case(path: Path) -> bool:
    return path.suffix.lower() == ".medseg"


def _names(labels: LabelMap, values: Collection[int]) -> frozenset[int | str]:
    return frozenset(segment.name for segment in labels.segments if segment.value in values)


def _require_common_names(*files: File) -> None:
    """A SEG tells its classes by name only, NIfTI and MHA by number only: nothing joins the two."""
    (first, mine), (second, theirs) = ((path, [s.name for s in labels.segments]) for path, labels in files)
    if mine and theirs and not {*mine} & {*theirs}:
        raise InputError(
            f"No class of {first.name} ({', '.join(mine[:9])}) has the name of one of {second.name} "
            f"({', '.join(theirs[:9])}), and a DICOM SEG is compared by SegmentLabel.",
            "Compare two DICOM SEG, or two files with the same values (predict and export write both).",
        )


def _is_seg(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"
