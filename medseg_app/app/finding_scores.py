"""Scores and kinds of segments from the JSON that `medseg predict` writes beside files that hold neither."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from medseg_app.core.errors import InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Kind, Segment

from .case_name import case_name

MAX_BYTES = 64 << 20


def with_scores(path: Path, labels: LabelMap) -> LabelMap:
    """The labels of a file with the scores and kinds that NAME.json beside it tells, by value and name.

    A JSON of something else, and segments that it does not describe, change nothing. Raises InputError
    where it is predict's document but a score in it is no number.
    """
    if all(segment.score is not None for segment in labels.segments):
        return labels
    beside = path.with_name(f"{case_name(path)}.json")
    rows = [{**row, "score": _score(row, beside)} for row in _segments(beside)] if beside.is_file() else []
    by_value = {row["value"]: row for row in rows}
    by_name = {row["name"]: row for row in rows}
    are_findings = _are_findings(rows)
    segments = []
    for segment in labels.segments:
        # A SEG numbers its segments anew but keeps their names; files without names keep the values.
        nameless = segment.name == f"Label {segment.value}"
        row = by_value.get(segment.value) if nameless else by_name.get(segment.name)
        segments.append(segment if row is None else _described(segment, row, are_findings))
    return replace(labels, segments=tuple(segments))


def _described(segment: Segment, row: dict[str, Any], is_finding: bool) -> Segment:
    score = row["score"]
    kind: Kind = "instance" if is_finding else segment.kind
    return replace(segment, kind=kind, score=segment.score if score is None else score)


def _are_findings(rows: list[dict[str, Any]]) -> bool:
    """Whether predict numbered the rows as it numbers findings: 1..n by falling score, `Tumour 1`, ..."""
    ordered = sorted(rows, key=lambda row: row["value"])
    scores = [row["score"] for row in ordered]
    return (
        [row["value"] for row in ordered] == list(range(1, len(rows) + 1))
        and all(re.search(r" \d+$", row["name"]) for row in rows)
        and None not in scores
        and scores == sorted(scores, reverse=True)
    )


def _segments(path: Path) -> list[dict[str, Any]]:
    """The rows of predict's document; none where the file is another one."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return []
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(document, dict) or "model" not in document:
        return []
    rows = document.get("segments")
    return [row for row in rows if _is_segment(row)] if isinstance(rows, list) else []


def _is_segment(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("value"), int) and isinstance(row.get("name"), str)


def _score(row: dict[str, Any], path: Path) -> float | None:
    score = row.get("score")
    if score is None:
        return None
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        raise InputError(
            f"{path.name} tells a score that is no number: {score!r}.",
            "Write it again with medseg predict, or remove it.",
        )
    return float(score)
