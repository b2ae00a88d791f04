"""Change: what happened to the case, told once to everybody who shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box

Kind = Literal[
    "case", "voxels", "segments", "proposal", "saved", "measurements", "studies", "beside", "models"
]


@dataclass(frozen=True)
class Change:
    """One thing that happened.

    case: another case (or none) is open. voxels: labels changed inside `box` of `group`.
    segments: rows of the segment table changed. proposal: candidates came, went or were decided.
    saved: the saved state changed. measurements: rulers changed, or prompts that are drawn or asked.
    studies: the browser's list grew. models: a model was trained, imported or removed.
    beside: another series stands beside the open one, or none any more.
    refused: where voxels were not written because something protects them; refused_mask says which (k, j, i).
    """

    kinds: frozenset[Kind]
    box: Box | None = None
    groups: frozenset[int] = frozenset()
    refused: Box | None = None
    refused_mask: NDArray[np.bool_] | None = field(default=None, compare=False)
    name: str = ""

    @classmethod
    def of(cls, *kinds: Kind, name: str = "") -> Change:
        """A change without voxels."""
        return cls(frozenset(kinds), name=name)
