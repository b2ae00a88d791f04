"""The figures of every case as CSV: one row per case, and one per case and class."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

Figures = dict[str, Any]

MEANS = ("dice", "iou", "nsd", "hd95_mm", "volume_error_ml", "volume_error_relative")
FINDINGS = ("truths", "predictions", "hits", "false_positives", "recall", "precision", "f1", "pq", "sq", "rq")
VOLUMES = ("volume_ml", "truth_volume_ml")


def cases_csv(cases: dict[str, Figures]) -> str:
    """One row per case: means over its classes, its findings. Undefined figures are empty."""
    head = ("case", *MEANS, *(f"findings_{name}" for name in (*FINDINGS, "dice")))
    return _csv(
        head,
        (
            (name, *_cells(case["mean"], MEANS), *_cells(case["findings"], (*FINDINGS, "dice")))
            for name, case in cases.items()
        ),
    )


def classes_csv(cases: dict[str, Figures]) -> str:
    """One row per case and class."""
    rows = (
        (name, key, row["name"], *_cells(row, (*MEANS, *VOLUMES)))
        for name, case in cases.items()
        for key, row in case["labels"].items()
    )
    return _csv(("case", "class", "name", *MEANS, *VOLUMES), rows)


def _cells(figures: Figures, names: Iterable[str]) -> list[Any]:
    return ["" if figures[name] is None else figures[name] for name in names]


def _csv(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(head)
    writer.writerows(rows)
    return stream.getvalue()
