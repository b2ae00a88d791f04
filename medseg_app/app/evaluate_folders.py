"""Compare two folders of label files: what `medseg evaluate` does with the cases of a data set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medseg_app.core.errors import InputError
from medseg_app.core.progress import Progress, silent
from medseg_app.metrics import bootstrap
from medseg_app.metrics.evaluate_files import Comparison, Yardstick
from medseg_app.metrics.over_cases import over_cases

from .case_classes import told_as_implied, told_as_unknown
from .label_pair import read_pair
from .pair_cases import CasePair, LeftOut, pair_cases
from .unknown_by_case import UnknownClasses


@dataclass(frozen=True, eq=False)
class ComparedCase:
    """One case and what came of it.

    unknown: the classes that were left out of it as the user said. not_looked_for: the names of those that
    were left out as the case of the truth has no segment of them. implied: see LabelPair.
    """

    pair: CasePair
    unknown: tuple[int, ...]
    comparison: Comparison
    not_looked_for: tuple[str, ...]
    implied: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class FolderEvaluation:
    """All cases that could be compared. left_out: what could not; remarks: what a user should know."""

    cases: tuple[ComparedCase, ...]
    left_out: tuple[LeftOut, ...]
    remarks: tuple[str, ...]
    yardstick: Yardstick

    @property
    def unjudged(self) -> tuple[str, ...]:
        """What the truth of a case does not name, as a remark."""
        return told_as_unknown([case.not_looked_for for case in self.cases])

    @property
    def implied(self) -> tuple[str, ...]:
        """What files could not hold beside its parts, as a remark."""
        return told_as_implied([case.implied for case in self.cases])

    def document(self) -> dict[str, Any]:
        """What `medseg evaluate --json` prints of two folders."""
        return {
            "cases": {case.pair.name: case.comparison.to_json() for case in self.cases},
            **over_cases([case.comparison for case in self.cases]),
            "left_out": [{"path": str(one.path), "reason": one.reason} for one in self.left_out],
            "settings": {
                "nsd_tolerance_mm": self.yardstick.tolerance_mm,
                "hit_iou": self.yardstick.hit_iou,
                "interval": bootstrap.settings(),
            },
        }


def evaluate_folders(
    predictions: Path,
    truths: Path,
    unknown: UnknownClasses,
    yardstick: Yardstick,
    progress: Progress = silent,
) -> FolderEvaluation:
    """Compare the cases of two folders, paired by file name.

    Goes on after a case that cannot be compared; it is left out with its reason, as is a file without a
    partner. Raises InputError where no two files belong together or no case could be compared.
    """
    pairing = pair_cases(predictions, truths)
    compared: list[ComparedCase] = []
    left_out = list(pairing.left_out)
    for number, pair in enumerate(pairing.pairs):
        progress(number / len(pairing.pairs), f"Compare {pair.name}")
        try:
            compared.append(_compare(pair, unknown.of(pair.name), yardstick))
        except InputError as error:
            left_out.append(LeftOut(pair.prediction, error.message))
    if not compared:
        raise InputError(
            f"No case could be compared: {left_out[-1]}", "Mend it, or compare this case alone to see more."
        )
    strangers = unknown.strangers([pair.name for pair in pairing.pairs])
    remarks = tuple(f"unknown classes are named for {name}, which is not compared" for name in strangers)
    return FolderEvaluation(tuple(_of_one_kind(compared)), tuple(left_out), remarks, yardstick)


def _compare(pair: CasePair, unknown: tuple[int, ...], yardstick: Yardstick) -> ComparedCase:
    labels = read_pair(pair.prediction, pair.truth, unknown, yardstick)
    return ComparedCase(pair, unknown, labels.compare(), labels.not_looked_for, labels.implied)


def _of_one_kind(cases: list[ComparedCase]) -> list[ComparedCase]:
    """An empty prediction cannot tell that its truth is one of findings, other cases of its folder can."""
    if not any(case.comparison.only_findings for case in cases):
        return cases
    return [
        _compare(case.pair, case.unknown, replace(case.comparison.yardstick, findings="all"))
        if case.comparison.nothing_predicted and case.comparison.yardstick.findings == "known"
        else case
        for case in cases
    ]
