"""measure_detection: how well scored findings are found over all cases of a data set.

Within a case predictions are matched greedily by falling score, each to the free true finding with the
highest IoU; then all cases are pooled. Classes are not told apart. Undefined figures are None: the rules
stand in the docstring of the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .case_findings import CaseFindings
from .instances import HIT_IOU, Finding
from .score_curve import Counts, ScoreCurve, average_precision, recall_at

AP_IOUS: Mapping[str, tuple[float, ...]] = {
    "0.1": (0.1,),
    "0.5": (0.5,),
    "0.5:0.95": tuple(np.linspace(0.5, 0.95, 10).tolist()),
}
"""Under which name AP is averaged over which IoUs: nnDetection's in 3D, and the two of COCO."""
FP_RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False positives per case at which FROC reads the recall."""
MAX_DETECTIONS = 100
"""How many findings of a case, best first, take part in AP (COCO's and nnDetection's habit)."""
PQ_IOU = float(np.nextafter(0.5, 1.0))
"""Panoptic quality counts what overlaps by more than a half, so that no two can match the same."""


@dataclass(frozen=True)
class DetectionFigures:
    """Figures over all cases; None where undefined.

    recall (sensitivity), precision, f1 and false positives at hit_iou with all predictions.
    ap: average precision by name of its IoUs, 101 recalls as pycocotools, the best 100 of each case.
    froc: highest recall at hit_iou with at most so many false positives per case, by that number as text.
    pq = sq * rq: panoptic quality with matches above an IoU of 0.5; sq their mean IoU, rq their F1.
    scores: "file", or "rank" where the rank within the case stood for scores; None without predictions.
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

    def to_json(self) -> dict[str, Any]:
        """The figures by name."""
        return asdict(self)


class Detection:
    """Findings of all cases, matched once; figures can then be asked for any weights of the cases."""

    def __init__(
        self,
        cases: Sequence[CaseFindings],
        hit_iou: float = HIT_IOU,
        ap_ious: Mapping[str, tuple[float, ...]] = AP_IOUS,
        fp_rates: Sequence[float] = FP_RATES,
    ) -> None:
        by_rank = any(case.by_rank for case in cases)
        self._cases = [case.ranked() for case in cases] if by_rank else list(cases)
        self._by_rank, self._hit_iou, self._fp_rates = by_rank, hit_iou, fp_rates
        self._counts = np.array([_counts(case, hit_iou) for case in cases]).reshape(len(cases), 6)
        self._froc = self._curve(hit_iou, None)
        curves = {
            iou: self._curve(iou, MAX_DETECTIONS) for iou in {i for ious in ap_ious.values() for i in ious}
        }
        self._ap = {name: [curves[iou] for iou in ious] for name, ious in ap_ious.items()}

    def figures(self, weights: NDArray[np.integer] | None = None) -> DetectionFigures:
        """The figures with every case counted as often as its weight says (once where none are given)."""
        weight = np.ones(len(self._cases)) if weights is None else weights.astype(np.float64)
        cases, truths, predictions, hits, pq_hits, pq_ious = (weight @ self._counts).tolist()
        sq, rq = _ratio(pq_ious, pq_hits), _ratio(2 * pq_hits, truths + predictions)
        found, wrong = self._froc.counts(weight)
        return DetectionFigures(
            hit_iou=self._hit_iou,
            truths=int(truths),
            predictions=int(predictions),
            hits=int(hits),
            false_positives=int(predictions - hits),
            false_positives_per_case=(predictions - hits) / max(cases, 1.0),
            recall=_ratio(hits, truths),
            precision=_ratio(hits, predictions),
            f1=_ratio(2 * hits, truths + predictions),
            ap={name: _mean_ap(curves, weight, truths) for name, curves in self._ap.items()},
            froc={f"{rate:g}": recall_at(found, wrong, truths, rate * cases) for rate in self._fp_rates},
            recall_at_1_fp=recall_at(found, wrong, truths, cases),
            pq=None if rq is None else (sq or 0.0) * rq,
            sq=sq,
            rq=rq,
            scores=("rank" if self._by_rank else "file") if predictions else None,
        )

    def _curve(self, hit_iou: float, most: int | None) -> ScoreCurve:
        scores, hits = [], []
        for case in self._cases:
            scores.append(case.scores[:most])
            hits.append(np.zeros(len(scores[-1]), bool))
            hits[-1][[row for row, _, _ in case.hits(hit_iou, most)]] = True
        return ScoreCurve.of(scores, hits)


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


def _counts(case: CaseFindings, hit_iou: float) -> tuple[float, ...]:
    """Of one case: 1, truths, predictions, hits, matches of panoptic quality and the sum of their IoUs."""
    predictions, truths = case.ious.shape
    overlaps = [iou for _, _, iou in case.hits(PQ_IOU)]
    return 1.0, truths, predictions, len(case.hits(hit_iou)), len(overlaps), sum(overlaps)


def _mean_ap(curves: list[ScoreCurve], weights: Counts, truths: float) -> float | None:
    areas = [average_precision(*curve.counts(weights), truths) for curve in curves]
    defined = [area for area in areas if area is not None]
    return float(np.mean(defined)) if defined else None


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
