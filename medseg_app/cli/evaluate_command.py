"""`medseg evaluate`: compares a prediction with the truth."""

from __future__ import annotations

from typing import Any

from medseg_app.app.evaluate import evaluate_files

from . import say
from .parser import Arguments


def run(arguments: Arguments) -> int:
    """Print figures per class and per finding."""
    document = evaluate_files(arguments.prediction, arguments.truth, arguments.unknown)
    say.result(arguments, document, _text(document))
    return say.DONE


def _text(document: dict[str, Any]) -> str:
    lines = ["class                      Dice    IoU    NSD   HD95 mm  error ml"]
    rows = [
        (key if key == row["name"] else f"{key} {row['name']}".strip(), row)
        for key, row in document["labels"].items()
    ]
    for name, row in [*rows, ("mean", document["mean"])]:
        figures = [row.get(key) for key in ("dice", "iou", "nsd", "hd95_mm", "volume_error_ml")]
        cells = ["     -" if value is None else f"{value:6.3f}" for value in figures]
        lines.append(f"{name:24.24} {'  '.join(cells)}")
    return "\n".join(lines)
