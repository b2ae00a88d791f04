"""What becomes of hits and false positives while the score that a finding needs is lowered.

Findings of equal score come in together: the figures do not depend on the order of the cases. Many draws
of the cases are counted at once: the last axis of hits and false positives is the score, falling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RECALLS = np.linspace(0.0, 1.0, 101)
"""The recalls at which precision is read, as pycocotools does."""

Counts = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScoreCurve:
    """The predictions of all cases at one IoU, best score first.

    cases: index of the case of each. hits: whether it hit. lasts: where the next score is lower.
    """

    cases: NDArray[np.intp]
    hits: NDArray[np.bool_]
    lasts: NDArray[np.bool_]

    @classmethod
    def of(cls, scores: Sequence[NDArray[np.float64]], hits: Sequence[NDArray[np.bool_]]) -> ScoreCurve:
        """From the scores and the hits of each case, arrays of one length in any order."""
        cases = np.repeat(np.arange(len(scores)), [len(one) for one in scores])
        joined = np.concatenate([*scores, np.empty(0)])
        order = np.argsort(-joined, kind="stable")
        ordered = joined[order]
        lasts = np.append(ordered[1:] < ordered[:-1], True)[: len(ordered)]
        return cls(cases[order], np.concatenate([*hits, np.empty(0, bool)])[order], lasts)

    def counts(self, weights: Counts) -> tuple[Counts, Counts]:
        """Hits and false positives at every score, shape (..., scores).

        weights: how often each case counts, shape (..., cases).
        """
        weight = weights[..., self.cases]
        hits = np.cumsum(weight * self.hits, axis=-1)
        return hits[..., self.lasts], (np.cumsum(weight, axis=-1) - hits)[..., self.lasts]


def average_precision(hits: Counts, wrong: Counts, truths: Counts) -> Counts:
    """The area under precision over recall, read at 101 recalls as pycocotools does; NaN without truth.

    hits, wrong: true and false positives while the score falls, shape (..., scores); truths and the
    result (...). At each recall counts the best precision that is reached there or at a higher one; 0
    where that recall is never reached.
    """
    precision = hits / np.maximum(hits + wrong, 1.0)
    best = np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1]
    reached = np.searchsorted(RECALLS, hits / np.maximum(truths, 1.0)[..., None], side="right")
    newly = np.diff(reached, axis=-1, prepend=0)
    return np.where(truths > 0, (best * newly).sum(axis=-1) / len(RECALLS), np.nan)


def recall_at(hits: Counts, wrong: Counts, truths: Counts, allowed: Counts) -> Counts:
    """The highest recall with at most so many false positives (no interpolation); NaN without truth.

    hits, wrong: as above; truths, allowed and the result: shape (...).
    """
    paid = np.where(wrong <= allowed[..., None], hits, 0.0).max(axis=-1, initial=0.0)
    return np.where(truths > 0, paid / np.maximum(truths, 1.0), np.nan)
