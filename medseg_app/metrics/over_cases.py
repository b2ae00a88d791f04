"""Figures over many cases: means per class and over classes, and pooled findings, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Weights, draw_weights, with_interval
from .class_masks import natural
from .detection import COUNTS, Detection
from .evaluate_files import AVERAGED, Comparison

AS_IT_IS = ("hit_iou", *COUNTS, "scores")
"""What is told of findings without an interval."""
AT_ONCE = 50
"""How many draws are counted together: their curves take memory."""


def over_cases(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """`{labels, findings, mean}` over cases; every figure is `{value, low, high, cases}`.

    labels: per class the mean over the cases that define the figure. mean: the mean of those over the
    classes, so that a class that few cases hold weighs as much as any other. findings: pooled over all
    cases, AP and panoptic quality then averaged over the classes. low and high: 95 % bootstrap interval by
    case (see bootstrap.py); cases: how many cases define the figure. All cases were compared by one
    yardstick.
    """
    weights = draw_weights(len(comparisons))
    keys = sorted({key for one in comparisons for key in one.labels}, key=natural)
    table = _table(comparisons, keys)
    points, draws = _class_means(table, np.ones((1, len(comparisons))))[0], _class_means(table, weights)
    cases = np.isfinite(table).sum(axis=0)
    labels = {}
    for row, key in enumerate(keys):
        rows = [one.labels[key] for one in comparisons if key in one.labels]
        figures = {
            name: with_interval(_defined(points[row, n]), _all_defined(draws[:, row, n]), int(cases[row, n]))
            for n, name in enumerate(AVERAGED)
        }
        labels[key] = {"name": rows[0]["name"], "cases": len(rows), **figures}
    return {
        "labels": labels,
        "findings": _findings(comparisons, weights),
        "mean": _means(points, draws, np.isfinite(table).any(axis=1).sum(axis=0)),
    }


def _table(comparisons: Sequence[Comparison], keys: list[str]) -> NDArray[np.float64]:
    """All figures, shape (cases, classes, figures); NaN inside this file where undefined."""
    table = np.full((len(comparisons), len(keys), len(AVERAGED)), np.nan)
    for case, comparison in enumerate(comparisons):
        for row, key in enumerate(keys):
            figures = comparison.labels.get(key, {})
            table[case, row] = [np.nan if (v := figures.get(name)) is None else v for name in AVERAGED]
    return table


def _class_means(table: NDArray[np.float64], weights: NDArray[Any]) -> NDArray[np.float64]:
    """Mean over the cases of each draw, shape (draws, classes, figures); NaN where no case defines it."""
    there = np.isfinite(table)
    sums = np.tensordot(weights, np.where(there, table, 0.0), axes=1)
    counts = np.tensordot(weights, there.astype(float), axes=1)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def _means(
    points: NDArray[np.float64], draws: NDArray[np.float64], cases: NDArray[np.intp]
) -> dict[str, Any]:
    over_classes, drawn = _over_classes(points[None])[0], _over_classes(draws)
    return {
        name: with_interval(_defined(over_classes[n]), _all_defined(drawn[:, n]), int(cases[n]))
        for n, name in enumerate(AVERAGED)
    }


def _over_classes(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over classes, shape (draws, figures); classes that a draw does not define are left out."""
    there = np.isfinite(means)
    sums, counts = np.where(there, means, 0.0).sum(axis=1), there.sum(axis=1)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def _findings(comparisons: Sequence[Comparison], weights: Weights) -> dict[str, Any]:
    detection = Detection([one.findings for one in comparisons], comparisons[0].yardstick.hit_iou)
    point = detection.figures().to_json()
    blocks = [detection.of_draws(block) for block in np.array_split(weights, -(-len(weights) // AT_ONCE))]
    return {
        **_with_intervals(point, blocks, len(comparisons)),
        "dice": _findings_dice(comparisons, weights),
    }


def _with_intervals(point: dict[str, Any], blocks: Sequence[dict[str, Any]], cases: int) -> dict[str, Any]:
    """Figures by name with their intervals, from the same figures of blocks of draws."""
    told: dict[str, Any] = {}
    for name, figure in point.items():
        if name in AS_IT_IS:
            told[name] = figure
        elif isinstance(figure, dict):
            told[name] = _with_intervals(figure, [block[name] for block in blocks], cases)
        else:
            draws = np.concatenate([block[name] for block in blocks])
            told[name] = with_interval(figure, _all_defined(draws), cases)
    return told


def _findings_dice(comparisons: Sequence[Comparison], weights: Weights) -> dict[str, Any]:
    table = np.array([np.nan if one.findings_dice is None else one.findings_dice for one in comparisons])
    column = table[:, None, None]
    point, draws = _class_means(column, np.ones((1, len(table)))), _class_means(column, weights)
    return with_interval(
        _defined(point[0, 0, 0]), _all_defined(draws[:, 0, 0]), int(np.isfinite(table).sum())
    )


def _all_defined(draws: NDArray[np.float64]) -> list[float | None]:
    return [_defined(draw) for draw in draws]


def _defined(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
