"""What `medseg evaluate` prints for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Figures = dict[str, Any]

COLUMNS = ("dice", "iou", "nsd", "hd95_mm", "volume_error_ml")
WORST = 5


def of_files(document: Figures) -> str:
    """One line per class of a single case, and what was found."""
    lines = ["class                      Dice    IoU    NSD   HD95 mm  error ml"]
    for name, row in [*_named(document["labels"]), ("mean", document["mean"])]:
        cells = [_cell(row.get(key)) for key in COLUMNS]
        lines.append(f"{name:24.24} {'  '.join(cells)}")
    return "\n".join([*lines, "", _counts(document["findings"])])


def of_folders(document: Figures) -> str:
    """Means per class with the interval of Dice, findings, and the worst cases."""
    lines = ["class                    cases    Dice  (95 % interval)        IoU     NSD    HD95   error ml"]
    for name, row in [*_named(document["labels"]), ("mean", document["mean"])]:
        dice, *others = (_cell(row[key]["value"]) for key in COLUMNS)
        cases = row.get("cases", len(document["cases"]))
        lines.append(f"{name:24.24} {cases:5}  {'  '.join([dice, _interval(row['dice']), *others])}")
    lines += ["", _counts(document["findings"]), *_findings(document["findings"]), ""]
    lines += ["worst cases by mean Dice", *_worst(document["cases"])]
    return "\n".join(lines)


def _named(labels: dict[str, Figures]) -> list[tuple[str, Figures]]:
    return [
        (key if key == row["name"] else f"{key} {row['name']}".strip(), row) for key, row in labels.items()
    ]


def _counts(found: Figures) -> str:
    return (
        f"findings: {found['truths']} true, {found['predictions']} predicted, {found['hits']} hit at IoU "
        f"{found['hit_iou']:g}, {found['false_positives']} false positives"
    )


def _findings(found: Figures) -> Iterator[str]:
    rows = [
        ("sensitivity", found["recall"]),
        ("precision", found["precision"]),
        ("F1", found["f1"]),
        ("false positives per case", found["false_positives_per_case"]),
        ("sensitivity at 1 of them", found["recall_at_1_fp"]),
        *((f"AP at IoU {name}", row) for name, row in found["ap"].items()),
        ("panoptic quality", found["pq"]),
    ]
    for name, row in rows:
        yield f"{name:24} {_cell(row['value'])}  {_interval(row)}"
    if found["scores"] == "rank":
        yield "(the files hold no scores, so AP takes findings in the order of their values)"


def _worst(cases: dict[str, Figures]) -> Iterator[str]:
    defined = {name: case["mean"]["dice"] for name, case in cases.items() if case["mean"]["dice"] is not None}
    for name in sorted(defined, key=lambda name: (defined[name], name))[:WORST]:
        yield f"{defined[name]:6.3f}  {name}"


def _cell(value: float | None) -> str:
    return "     -" if value is None else f"{value:6.3f}"


def _interval(row: Figures) -> str:
    return " " * 18 if row["low"] is None else f"({row['low']:6.3f} to {row['high']:6.3f})"
