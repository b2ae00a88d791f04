"""evaluate_files: everything `medseg evaluate` says about a prediction and its truth."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import GeometryError
from medseg_app.core.label_map import LabelMap

from .case_findings import CaseFindings
from .class_masks import FINDINGS, ClassMasks, MatchBy, Rule, both_sides, natural
from .detection import Detection
from .file_findings import FileFindings, findings_of
from .finding_classes import class_teller
from .instances import HIT_IOU
from .overlap import NSD_TOLERANCE_MM, compare_masks, dice

AVERAGED = ("dice", "iou", "nsd", "hd95_mm", "volume_error_ml", "volume_error_relative")

Figures = dict[str, Any]


@dataclass(frozen=True)
class Yardstick:
    """By what is judged: the tolerance of surfaces in mm, and the IoU from which on a finding is hit.

    findings: which segments are findings, whose numbers are ranks and no classes.
    """

    tolerance_mm: float = NSD_TOLERANCE_MM
    hit_iou: float = HIT_IOU
    findings: Rule = "apart"


@dataclass(frozen=True, eq=False)
class Comparison:
    """How a prediction agrees with its truth.

    labels: figures by class. findings: what was matched. findings_dice: of all findings as one mask.
    """

    labels: dict[str, Figures]
    findings: CaseFindings
    findings_dice: float | None
    yardstick: Yardstick

    @property
    def only_findings(self) -> bool:
        """Whether all that was compared was known to be findings."""
        return set(self.labels) == {FINDINGS}

    @property
    def nothing_predicted(self) -> bool:
        """Whether the truth holds classes and the prediction none."""
        return bool(self.labels) and all(row["volume_ml"] == 0.0 for row in self.labels.values())

    @property
    def mean(self) -> dict[str, float | None]:
        """The mean of each figure over the classes for which it is defined."""
        return {name: mean_of(row[name] for row in self.labels.values()) for name in AVERAGED}

    def to_json(self) -> dict[str, Any]:
        """The document `{labels: {key: {...}}, findings: {...}, mean: {...}}`."""
        found = Detection([self.findings], self.yardstick.hit_iou).figures().to_json()
        return {
            "labels": self.labels,
            "findings": {**found, "dice": self.findings_dice},
            "mean": self.mean,
        }


def evaluate_files(
    prediction: LabelMap,
    truth: LabelMap,
    unknown: Collection[int | str] = (),
    match_by: MatchBy = "value",
) -> dict[str, Any]:
    """The document of a comparison by the usual yardstick; see `compare`."""
    return compare(prediction, truth, unknown, match_by).to_json()


def compare(
    prediction: LabelMap,
    truth: LabelMap,
    unknown: Collection[int | str] = (),
    match_by: MatchBy = "value",
    yardstick: Yardstick | None = None,
) -> Comparison:
    """Compare two label maps on one grid, class by class and finding by finding.

    unknown: classes (values, or names where match_by is "name") that were not annotated in the truth;
    they are left out on both sides. match_by: "name" for DICOM SEG, whose numbers are consecutive.
    Findings are the segments of kind "instance", best score first; in files that do not tell kinds, the
    26-connected components of each label. None hits a truth of another class (see finding_classes.py).
    Undefined figures are None, by the rules of the package.
    Raises GeometryError where the grids differ or the slices are not evenly spaced.
    """
    yardstick = yardstick or Yardstick()
    mine, theirs = _sides(prediction, truth, unknown, match_by, yardstick.findings)
    findings, findings_dice = _compare_findings(mine, theirs, yardstick.findings)
    labels = _compare_labels(mine, theirs, yardstick.tolerance_mm)
    return Comparison(labels, findings, findings_dice, yardstick)


def compare_classes(
    prediction: LabelMap,
    truth: LabelMap,
    unknown: Collection[int | str] = (),
    tolerance_mm: float = NSD_TOLERANCE_MM,
) -> dict[str, Figures]:
    """The figures by class value of `compare` alone: a model that knows little leaves 100,000 findings.

    Raises GeometryError as `compare` does.
    """
    return _compare_labels(*_sides(prediction, truth, unknown, "value", "apart"), tolerance_mm)


def mean_of(figures: Any) -> float | None:
    """The mean of those that are defined; None where none is."""
    defined = [figure for figure in figures if figure is not None]
    return float(np.mean(defined)) if defined else None


def _sides(
    prediction: LabelMap, truth: LabelMap, unknown: Collection[int | str], match_by: MatchBy, rule: Rule
) -> tuple[ClassMasks, ClassMasks]:
    if not prediction.geometry.same_grid(truth.geometry, 0.01):
        raise GeometryError(
            "Prediction and truth lie on different grids, so their voxels cannot be compared.",
            "Export both onto the same series first.",
        )
    return both_sides(prediction, truth, match_by, {str(one) for one in unknown}, rule)


def _compare_labels(mine: ClassMasks, theirs: ClassMasks, tolerance_mm: float) -> dict[str, Figures]:
    k, j, i = (float(n) for n in np.linalg.norm(theirs.label_map.geometry.affine[:3, :3], axis=0))
    labels = {}
    for key in sorted({*mine.classes, *theirs.classes}, key=natural):
        box = mine.box(key) | theirs.box(key)
        figures = compare_masks(mine.mask(key, box), theirs.mask(key, box), (k, j, i), tolerance_mm)
        labels[key] = {"name": theirs.name(key) or mine.name(key), **figures.to_json()}
    return labels


def _compare_findings(mine: ClassMasks, theirs: ClassMasks, rule: Rule) -> tuple[CaseFindings, float | None]:
    class_of = class_teller(mine, theirs, rule)
    predicted, true = findings_of(mine, class_of), findings_of(theirs, class_of)
    masks = [_together(side.label_map, found) for side, found in ((mine, predicted), (theirs, true))]
    return CaseFindings.of(predicted.findings, true.findings, predicted.by_rank), dice(*masks)


def _together(label_map: LabelMap, found: FileFindings) -> NDArray[np.bool_]:
    mask = np.zeros(label_map.geometry.shape, bool)
    for finding in found.findings:
        mask[finding.box.slices] |= finding.mask
    return mask
