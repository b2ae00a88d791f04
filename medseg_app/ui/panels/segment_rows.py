"""Rows of the segment list: organs and tissues first, then findings under a heading per kind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg_app.core.segment import Segment

NUMBERED = re.compile(r"^(?P<kind>.*?)[\s#_-]*(?P<number>\d+)$")


@dataclass(frozen=True)
class Row:
    """A segment, or (segment None) the heading of a kind of findings with how many there are."""

    text: str
    segment: Segment | None = None
    count: int = 0
    indent: bool = False


def rows_of(segments: Iterable[Segment]) -> list[Row]:
    """The rows in the order of the screen; findings of one kind sorted by score, best first."""
    rows: list[Row] = []
    findings: dict[str, list[Segment]] = {}
    for segment in segments:
        if segment.kind == "instance":
            findings.setdefault(kind_of(segment), []).append(segment)
        else:
            rows.append(Row(segment.name, segment))
    for kind, members in findings.items():
        rows.append(Row(kind, count=len(members)))
        members.sort(key=lambda s: (-(s.score if s.score is not None else -1.0), s.id))
        rows.extend(Row(short_name(s, kind), s, indent=True) for s in members)
    return rows


def kind_of(segment: Segment) -> str:
    """The heading that a finding stands under: its name without the running number."""
    match = NUMBERED.match(segment.name)
    return (match["kind"] if match else segment.name) or segment.type.meaning


def short_name(segment: Segment, kind: str) -> str:
    """#3 for `Tumour 3` under the heading `Tumour`; otherwise the whole name."""
    match = NUMBERED.match(segment.name)
    return f"#{match['number']}" if match and match["kind"] == kind else segment.name
