"""Curves of a training: one row per look at it, as CSV and as a picture."""

from __future__ import annotations

import csv
import io
from dataclasses import astuple, dataclass, fields
from typing import Any

CSV_NAME, PNG_NAME = "docs/curves.csv", "docs/curves.png"
WATCHED, LEARNT = "#e69f00", "#56b4e9"
INK, PAPER, GRID = "#d0d4da", "#14171b", "#2a2f36"


@dataclass(frozen=True)
class CurvePoint:
    """Where a training stood.

    loss: running mean over the patients that are learnt from. watched: mean over those that are not, where
    the recipe keeps any.
    """

    step: int
    seconds: float
    learning_rate: float
    loss: float
    watched: float | None = None


def curve_csv(points: list[CurvePoint]) -> bytes:
    """The points as a table with a head line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(CurvePoint)])
    for point in points:
        writer.writerow(["" if value is None else f"{value:.6g}" for value in astuple(point)])
    return text.getvalue().encode()


def curve_png(points: list[CurvePoint], title: str) -> bytes:
    """The losses over the steps as a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=120, facecolor=PAPER, layout="constrained")
    axes = figure.add_subplot(facecolor=PAPER)
    axes.plot([p.step for p in points], [p.loss for p in points], color=LEARNT, label="learnt from")
    watched = [(p.step, p.watched) for p in points if p.watched is not None]
    if watched:
        axes.plot(*zip(*watched, strict=True), color=WATCHED, marker="o", markersize=3, label="watched")
    _style(axes, title)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": ""})
    return stream.getvalue()


def _style(axes: Any, title: str) -> None:
    axes.set_title(title, color=INK)
    axes.set_xlabel("step", color=INK)
    axes.set_ylabel("loss", color=INK)
    axes.tick_params(colors=INK)
    axes.grid(color=GRID)
    for spine in axes.spines.values():
        spine.set_color(GRID)
    axes.legend(facecolor=PAPER, edgecolor=GRID, labelcolor=INK)
