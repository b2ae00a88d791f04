"""CaseFindings: the predicted findings of one case, how sure they are and how they overlap with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .instances import Finding, Pair, iou_matrix, match_by_iou

Classes = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class CaseFindings:
    """The findings of one case, reduced to what the figures need.

    ious: IoU of each prediction (best score first) with each truth, shape (predictions, truths), also of
    those of different classes. predicted, true: the class of each row and of each column, empty where it
    is not known. scores: of the predictions, falling. by_rank: only their order within the case means
    something.
    """

    ious: NDArray[np.float64]
    predicted: Classes
    true: Classes
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
        predicted = tuple(predictions[row].class_key for row in order)
        true = tuple(finding.class_key for finding in truths)
        return cls(
            iou_matrix(predictions, truths)[order], predicted, true, scores[order], by_rank or unscored
        )

    def of_class(self, key: str) -> CaseFindings:
        """Only the predictions and truths of one class."""
        rows = [row for row, of in enumerate(self.predicted) if of == key]
        columns = [column for column, of in enumerate(self.true) if of == key]
        return CaseFindings(
            self.ious[np.ix_(rows, columns)],
            (key,) * len(rows),
            (key,) * len(columns),
            self.scores[rows],
            self.by_rank,
        )

    def ranked(self) -> CaseFindings:
        """The same with ranks in place of scores: 0 for the best, equal scores share a rank."""
        rank = np.searchsorted(np.unique(-self.scores), -self.scores)
        return replace(self, scores=-rank.astype(np.float64), by_rank=True)

    def hits_of_other_classes(self, hit_iou: float) -> int:
        """How many more would be hit if all were of one class; 0 where a class is not known."""
        keys = {*self.predicted, *self.true}
        if "" in keys:
            return 0
        return len(self.hits(hit_iou)) - sum(len(self.of_class(key).hits(hit_iou)) for key in keys)

    def hits(self, hit_iou: float, most: int | None = None) -> tuple[Pair, ...]:
        """What the best predictions hit at an IoU, whatever their class; most: how many of them take part."""
        return match_by_iou(self.ious[:most], hit_iou)
