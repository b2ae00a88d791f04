"""measure_detection: how well scored findings are found over all cases of a data set.

Within a case and a class predictions are matched greedily by falling score, each to the free true finding
with the highest IoU; a finding never hits one of another class. Then all cases are pooled. AP and panoptic
quality are the means of those of the classes, as COCO and the authors of panoptic quality define them;
counts, recall, precision, F1 and FROC are of the matches of all classes together. Undefined figures are
None: the rules stand in the docstring of the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .case_findings import CaseFindings
from .class_detection import ClassDetection, Figures, counts_and_rates
from .class_masks import FINDINGS, natural
from .instances import HIT_IOU, Finding
from .score_curve import Counts, ScoreCurve, recall_at

AP_IOUS: Mapping[str, tuple[float, ...]] = {
    "0.1": (0.1,),
    "0.5": (0.5,),
    "0.5:0.95": tuple(np.linspace(0.5, 0.95, 10).tolist()),
}
"""Under which name AP is averaged over which IoUs: nnDetection's in 3D, and the two of COCO."""
FP_RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False positives per case at which FROC reads the recall."""
COUNTS = ("truths", "predictions", "hits", "false_positives")
"""What is a number of findings."""


@dataclass(frozen=True)
class DetectionFigures:
    """Figures over all cases; None where undefined.

    recall (sensitivity), precision, f1 and false positives at hit_iou with all predictions.
    ap: average precision by name of its IoUs, 101 recalls as pycocotools, the best 100 of each case and
    class; the mean over the classes that have truths.
    froc: highest recall at hit_iou with at most so many false positives per case, by that number as text.
    pq = sq * rq of each class: panoptic quality with matches above an IoU of 0.5; sq their mean IoU, rq
    their F1; here the means over the classes that define them.
    scores: "file", or "rank" where the rank within case and class stood for scores; None without predictions.
    classes: the same counts, rates, ap, pq, sq and rq of each class; "findings" where all are one class.
    """

    hit_iou: float
    truths: int
    predictions: int
    hits: int
    false_positives: int
    false_positives_per_case: float
    recall: float | None
    precision: float | None
    f1: float | None
    ap: dict[str, float | None]
    froc: dict[str, float | None]
    recall_at_1_fp: float | None
    pq: float | None
    sq: float | None
    rq: float | None
    scores: str | None
    classes: dict[str, dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """The figures by name."""
        return asdict(self)


class Detection:
    """Findings of all cases, matched once; figures can then be asked for any weights of the cases.

    Where the class of a finding is not known in some case, all findings of all cases are one class.
    """

    def __init__(
        self,
        cases: Sequence[CaseFindings],
        hit_iou: float = HIT_IOU,
        ap_ious: Mapping[str, tuple[float, ...]] = AP_IOUS,
        fp_rates: Sequence[float] = FP_RATES,
    ) -> None:
        self._hit_iou, self._ap_names, self._fp_rates = hit_iou, tuple(ap_ious), fp_rates
        self._by_rank = any(case.by_rank for case in cases)
        self._classes = {
            key: ClassDetection(
                [case.ranked() if self._by_rank else case for case in of_class], hit_iou, ap_ious
            )
            for key, of_class in _by_class(cases).items()
        }
        self._counts = sum((one.counts for one in self._classes.values()), np.zeros((len(cases), 5)))
        self._froc = _joined([one.scored(hit_iou) for one in self._classes.values()], len(cases))

    def figures(self, weights: NDArray[np.integer] | None = None) -> DetectionFigures:
        """The figures with every case counted as often as its weight says (once where none are given)."""
        weight = np.ones(len(self._counts), np.int64) if weights is None else weights
        told = _of_one_draw(self.of_draws(weight[None]))
        scores = ("rank" if self._by_rank else "file") if told["predictions"] else None
        return DetectionFigures(hit_iou=self._hit_iou, scores=scores, **told)

    def of_draws(self, draws: NDArray[np.integer]) -> Figures:
        """The figures of many draws at once, NaN where undefined; draws: weights, shape (draws, cases)."""
        weights = draws.astype(np.float64)
        counted, cases = weights @ self._counts, weights.sum(axis=1)
        truths, curve = counted[:, 0], self._froc.counts(weights)
        rates = counts_and_rates(counted)
        classes = {key: one.figures(weights) for key, one in self._classes.items()}
        return {
            **rates,
            "false_positives_per_case": rates["false_positives"] / np.maximum(cases, 1.0),
            "ap": {
                name: mean_of_defined([one["ap"][name] for one in classes.values()], len(cases))
                for name in self._ap_names
            },
            "froc": {f"{rate:g}": recall_at(*curve, truths, rate * cases) for rate in self._fp_rates},
            "recall_at_1_fp": recall_at(*curve, truths, cases),
            **{
                name: mean_of_defined([one[name] for one in classes.values()], len(cases))
                for name in ("pq", "sq", "rq")
            },
            "classes": classes,
        }


def measure_detection(
    cases: Sequence[tuple[Sequence[Finding], Sequence[Finding]]],
    hit_iou: float = HIT_IOU,
    ap_ious: Mapping[str, tuple[float, ...]] = AP_IOUS,
    fp_rates: Sequence[float] = FP_RATES,
) -> DetectionFigures:
    """Figures of findings over cases: for each case the predicted and the true findings on one grid.

    hit_iou: IoU (0..1] from which on a prediction counts as a hit in recall, F1 and FROC. ap_ious: name
    of an average precision and the IoUs over which it is averaged. fp_rates: false positives per case.
    Predictions carry their score; where one of them has none, the order within each case stands for it.
    """
    matched = [CaseFindings.of(predictions, truths) for predictions, truths in cases]
    return Detection(matched, hit_iou, ap_ious, fp_rates).figures()


def mean_of_defined(figures: Sequence[Counts], draws: int) -> Counts:
    """The mean of each draw over those that are not NaN; NaN where none is. Arrays of shape (draws,)."""
    table = np.array(figures, np.float64).reshape(len(figures), draws)
    there = np.isfinite(table)
    sums, counts = np.where(there, table, 0.0).sum(axis=0), there.sum(axis=0)
    return np.divide(sums, counts, out=np.full(draws, np.nan), where=counts > 0)


def _by_class(cases: Sequence[CaseFindings]) -> dict[str, list[CaseFindings]]:
    """The findings of each case, by class."""
    keys = {key for case in cases for key in (*case.predicted, *case.true)}
    if "" in keys:
        return {FINDINGS: list(cases)}
    return {key: [case.of_class(key) for case in cases] for key in sorted(keys, key=natural)}


def _joined(
    classes: list[tuple[list[NDArray[np.float64]], list[NDArray[np.bool_]]]], cases: int
) -> ScoreCurve:
    """The curve of all classes together, from scores and hits by case of each."""
    scores = [np.concatenate([np.empty(0), *(one[0][case] for one in classes)]) for case in range(cases)]
    hits = [np.concatenate([np.empty(0, bool), *(one[1][case] for one in classes)]) for case in range(cases)]
    return ScoreCurve.of(scores, hits)


def _of_one_draw(figures: Figures) -> dict[str, Any]:
    """Numbers instead of arrays of one draw; None where undefined."""
    return {name: _value(name, figure) for name, figure in figures.items()}


def _value(name: str, figure: Any) -> Any:
    if isinstance(figure, dict):
        return _of_one_draw(figure)
    if name in COUNTS:
        return int(figure[0])
    return float(figure[0]) if np.isfinite(figure[0]) else None
