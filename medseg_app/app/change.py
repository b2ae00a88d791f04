"""Change: what happened to the case, told once to everybody who shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from medseg_app.core.box import Box

Kind = Literal["case", "voxels", "segments", "proposal", "saved", "measurements", "studies"]


@dataclass(frozen=True)
class Change:
    """One thing that happened.

    case: another case (or none) is open. voxels: labels changed inside `box` of `group`.
    segments: rows of the segment table changed. proposal: candidates came, went or were decided.
    saved: the saved state changed. measurements: rulers changed. studies: the browser's list grew.
    """

    kinds: frozenset[Kind]
    box: Box | None = None
    groups: frozenset[int] = frozenset()
    refused: Box | None = None
    name: str = ""

    @classmethod
    def of(cls, *kinds: Kind, name: str = "") -> Change:
        """A change without voxels."""
        return cls(frozenset(kinds), name=name)
