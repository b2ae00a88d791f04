"""Segment: one thing that is marked in a case, described in the terms that DICOM SEG needs."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

Colour = tuple[int, int, int]
Kind = Literal["semantic", "instance"]
Status = Literal["in progress", "completed", "approved", "flagged"]

NUMBER = re.compile(r"\s+\d+$")
"""What tells findings of one class apart: `Tumour 1`, `Tumour 2`."""


@dataclass(frozen=True)
class Code:
    """A coded term: (value, scheme, meaning), for example ("10200004", "SCT", "Liver")."""

    value: str
    scheme: str
    meaning: str


ANATOMY = Code("123037004", "SCT", "Anatomical Structure")
TISSUE = Code("85756007", "SCT", "Tissue")
ABNORMAL = Code("49755003", "SCT", "Morphologically Altered Structure")


@dataclass(frozen=True)
class Provenance:
    """Who made a segment: a reader, a model or a file, and whether a reader changed it since.

    source "human", "model" or "import"; reader is the name from the settings, empty if unset.
    """

    source: Literal["human", "model", "import"] = "human"
    reader: str = ""
    model: str = ""
    model_version: str = ""
    model_sha256: str = ""
    file: str = ""
    edited: bool = False

    @property
    def algorithm_type(self) -> Literal["MANUAL", "SEMIAUTOMATIC", "AUTOMATIC"]:
        """DICOM's SegmentAlgorithmType."""
        if self.source != "model":
            return "MANUAL"
        return "SEMIAUTOMATIC" if self.edited else "AUTOMATIC"


@dataclass(frozen=True)
class Segment:
    """One segment. `id` is unique in its segmentation; `value` is its label in the array of `group`.

    score is the model's confidence in 0..1, None for segments that no model scored.
    class_value is the value of the class in the model's card, None for hand-made segments.
    """

    id: int
    name: str
    value: int
    group: int = 0
    colour: Colour = (230, 159, 0)
    kind: Kind = "semantic"
    category: Code = ANATOMY
    type: Code = Code("85756007", "SCT", "Tissue")
    modifiers: tuple[Code, ...] = ()
    region: Code | None = None
    tracking_id: str = ""
    tracking_uid: str = ""
    score: float | None = None
    class_value: int | None = None
    status: Status = "in progress"
    locked: bool = False
    provenance: Provenance = Provenance()

    @property
    def class_name(self) -> str:
        """What it is one of: the name, of a finding without the number that tells it from its like."""
        return NUMBER.sub("", self.name) if self.kind == "instance" else self.name

    def to_json(self) -> dict[str, Any]:
        """The segment as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Segment:
        """The inverse of `to_json`."""
        values = dict(data)
        for key in ("category", "type"):
            values[key] = Code(**values[key])
        values["modifiers"] = tuple(Code(**code) for code in values["modifiers"])
        values["region"] = Code(**values["region"]) if values["region"] else None
        values["colour"] = tuple(values["colour"])
        values["provenance"] = Provenance(**values["provenance"])
        return cls(**values)
