"""The coded vocabulary for names of segments (SNOMED CT codes as DICOM uses them)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from medseg_app.core.segment import Code, Colour, Kind

FILE = Path(__file__).with_name("terminology.json")


@dataclass(frozen=True)
class Term:
    """One entry: what a segment may be called, its codes, and a colour to start with.

    also: other words by which it is found, in small letters.
    """

    name: str
    category: Code
    type: Code
    modifiers: tuple[Code, ...]
    kind: Kind
    colour: Colour
    also: tuple[str, ...]

    @property
    def coded(self) -> dict[str, Any]:
        """The fields of a segment that the term decides, by their names; its colour is the reader's."""
        return {
            "category": self.category, "type": self.type, "modifiers": self.modifiers, "kind": self.kind,
        }  # fmt: skip


@cache
def terms() -> tuple[Term, ...]:
    """The whole vocabulary in the order of its file; paired structures stand whole, right and left."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(term for row in data["terms"] for term in _expanded(row, data))


def find(name: str) -> Term | None:
    """The term of exactly this name or synonym, in any letter case; None where there is none."""
    wanted = " ".join(name.lower().split())
    return next((term for term in terms() if wanted in (term.name.lower(), *term.also)), None)


def search(text: str) -> list[Term]:
    """Terms in which every word of the text begins a word, best first."""
    words = text.lower().split()
    found = [term for term in terms() if all(_begins_word(word, term) for word in words)]
    return sorted(found, key=lambda term: not term.name.lower().startswith(text.lower().strip()))


def _begins_word(start: str, term: Term) -> bool:
    texts = " ".join((term.name.lower(), *term.also)).split()
    return any(word.startswith(start) for word in texts)


def _expanded(row: dict[str, Any], data: dict[str, Any]) -> Iterator[Term]:
    category = data["categories"][row["category"]]
    scheme = data["scheme"]
    whole = Term(
        name=row["name"],
        category=Code(category["code"], scheme, category["meaning"]),
        type=Code(row["code"], scheme, row["meaning"]),
        modifiers=(),
        kind=row.get("kind", "semantic"),
        colour=(row["colour"][0], row["colour"][1], row["colour"][2]),
        also=tuple(row.get("also", ())),
    )
    yield whole
    if row.get("paired"):
        for side, code in data["modifiers"].items():
            yield replace(
                whole,
                name=f"{side} {whole.name[0].lower()}{whole.name[1:]}",
                modifiers=(Code(code, scheme, side),),
                also=tuple(f"{side.lower()} {word}" for word in whole.also),
            )
