"""The answers of a network of queries that are worth telling (torch)."""

from __future__ import annotations

from torch import Tensor

LEAST_SCORE, MOST_FINDINGS = 0.02, 10


def best_answers(scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Query, class (from 0) and score of the best answers of one slice, best first.

    scores: (queries, classes), 0 for what is no answer.
    """
    best, place = scores.flatten().topk(min(MOST_FINDINGS, scores.numel()))
    best, place = best[best > LEAST_SCORE], place[best > LEAST_SCORE]
    return place // scores.shape[1], place % scores.shape[1], best
