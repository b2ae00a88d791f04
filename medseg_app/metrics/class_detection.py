"""ClassDetection: how well the findings of one class are found, for any weights of the cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .case_findings import CaseFindings
from .score_curve import Counts, ScoreCurve, average_precision

MAX_DETECTIONS = 100
"""How many findings of a case and class, best first, take part in AP (COCO's and nnDetection's habit)."""
PQ_IOU = float(np.nextafter(0.5, 1.0))
"""Panoptic quality counts what overlaps by more than a half, so that no two can match the same."""

Figures = dict[str, Any]
"""Arrays of shape (draws,) by name, or such figures once more; NaN where undefined."""


class ClassDetection:
    """The findings of one class in all cases, matched once.

    counts: of each case its truths, predictions, hits, matches of panoptic quality and the sum of their
    IoUs, shape (cases, 5).
    """

    def __init__(
        self, cases: Sequence[CaseFindings], hit_iou: float, ap_ious: Mapping[str, tuple[float, ...]]
    ) -> None:
        self._cases = cases
        self.counts = np.array([_counts(case, hit_iou) for case in cases]).reshape(len(cases), 5)
        curves = {
            iou: ScoreCurve.of(*self.scored(iou, MAX_DETECTIONS))
            for iou in sorted({iou for ious in ap_ious.values() for iou in ious})
        }
        self._ap = {name: [curves[iou] for iou in ious] for name, ious in ap_ious.items()}

    def scored(
        self, hit_iou: float, most: int | None = None
    ) -> tuple[list[NDArray[np.float64]], list[NDArray[np.bool_]]]:
        """Of each case the scores of its best predictions, and which of them hit."""
        scores, hits = [], []
        for case in self._cases:
            scores.append(case.scores[:most])
            hits.append(np.zeros(len(scores[-1]), bool))
            hits[-1][[row for row, _, _ in case.hits(hit_iou, most)]] = True
        return scores, hits

    def figures(self, weights: Counts) -> Figures:
        """The figures of each draw. weights: how often each case counts, shape (draws, cases)."""
        counted = weights @ self.counts
        truths, predictions, _, pq_hits, pq_ious = counted.T
        sq, rq = _mean(pq_ious, pq_hits), rates(truths, predictions, pq_hits)["f1"]
        return {
            **counts_and_rates(counted),
            "ap": {
                name: np.mean([average_precision(*c.counts(weights), truths) for c in curves], axis=0)
                for name, curves in self._ap.items()
            },
            "pq": np.nan_to_num(sq) * rq,
            "sq": sq,
            "rq": rq,
        }


def counts_and_rates(counted: Counts) -> Figures:
    """Truths, predictions, hits and what follows from them. counted: sums over cases, shape (draws, 5)."""
    truths, predictions, hits = counted.T[:3]
    return {
        "truths": truths,
        "predictions": predictions,
        "hits": hits,
        "false_positives": predictions - hits,
        **rates(truths, predictions, hits),
    }


def rates(truths: Counts, predictions: Counts, hits: Counts) -> Figures:
    """Recall, precision and F1 of each draw by MONAI, NaN of nothing; arrays of shape (draws,)."""
    from monai.metrics import compute_confusion_matrix_metric
    from torch import from_numpy

    # Nobody counts what is rightly not found, and no rate asks for it.
    matrix = from_numpy(np.stack([hits, predictions - hits, np.zeros_like(hits), truths - hits], axis=-1))
    names = {"recall": "recall", "precision": "precision", "f1": "f1 score"}
    return {ours: compute_confusion_matrix_metric(word, matrix).numpy() for ours, word in names.items()}


def _mean(sums: Counts, numbers: Counts) -> Counts:
    """The mean of so many from their sum, NaN of none; arrays of one shape."""
    return np.divide(sums, numbers, out=np.full(numbers.shape, np.nan), where=numbers > 0)


def _counts(case: CaseFindings, hit_iou: float) -> tuple[float, ...]:
    predictions, truths = case.ious.shape
    overlaps = [iou for _, _, iou in case.hits(PQ_IOU)]
    return truths, predictions, len(case.hits(hit_iou)), len(overlaps), sum(overlaps)
