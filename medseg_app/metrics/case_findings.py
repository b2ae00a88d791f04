"""CaseFindings: the predicted findings of one case, how sure they are and how they overlap with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .instances import Finding, Pair, iou_matrix, match_by_iou


@dataclass(frozen=True, eq=False)
class CaseFindings:
    """The findings of one case, reduced to what the figures need.

    ious: IoU of each prediction (best score first) with each truth, shape (predictions, truths).
    scores: of the predictions, falling. by_rank: only their order within the case means something.
    """

    ious: NDArray[np.float64]
    scores: NDArray[np.float64]
    by_rank: bool = False

    @classmethod
    def of(
        cls, predictions: Sequence[Finding], truths: Sequence[Finding], by_rank: bool = False
    ) -> CaseFindings:
        """Compare predictions and truths of one case, all on one grid.

        Where a prediction has no score, the order of the predictions stands for the scores of the case.
        """
        given = [finding.score for finding in predictions]
        scored = [score for score in given if score is not None]
        unscored = len(scored) < len(given)
        scores = np.array([-n for n in range(len(given))] if unscored else scored, dtype=np.float64)
        order = np.argsort(-scores, kind="stable")
        return cls(iou_matrix(predictions, truths)[order], scores[order], by_rank or unscored)

    def ranked(self) -> CaseFindings:
        """The same with ranks in place of scores: 0 for the best, equal scores share a rank."""
        rank = np.searchsorted(np.unique(-self.scores), -self.scores)
        return replace(self, scores=-rank.astype(np.float64), by_rank=True)

    def hits(self, hit_iou: float, most: int | None = None) -> tuple[Pair, ...]:
        """What the best predictions hit at an IoU; most: how many of them take part."""
        return match_by_iou(self.ious[:most], hit_iou)
