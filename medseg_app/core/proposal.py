"""Proposal: what an engine returns. Never truth until a reader accepts it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .box import Box
from .prompt import Prompt
from .segment import ANATOMY, Code, Colour, Kind


@dataclass(frozen=True)
class ModelIdentity:
    """Which model made something: name, version and the hash of its weight file."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, eq=False)
class Candidate:
    """One proposed segment: a boolean mask inside a box of the volume's own grid."""

    name: str
    class_value: int
    box: Box
    mask: NDArray[np.bool_]
    kind: Kind = "semantic"
    score: float | None = None
    colour: Colour = (230, 159, 0)
    category: Code = ANATOMY
    type: Code = Code("85756007", "SCT", "Tissue")
    modifiers: tuple[Code, ...] = ()
    region: Code | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def voxel_count(self) -> int:
        """How many voxels the candidate holds."""
        return int(np.count_nonzero(self.mask))


@dataclass(frozen=True)
class Cost:
    """What a run took: seconds, and memory in MB beyond what was in use before it."""

    seconds: float
    memory_mb: float


@dataclass(frozen=True, eq=False)
class Proposal:
    """Candidates on the grid of one volume, best score first, with what made them.

    revision is the segmentation's revision that the run started from (0 outside a case).
    prompts: what the model was shown, where it works by that.
    """

    volume_id: str
    candidates: tuple[Candidate, ...]
    model: ModelIdentity
    device: str = "cpu"
    precision: str = "exact"
    revision: int = 0
    remarks: tuple[str, ...] = ()
    cost: Cost | None = None
    prompts: tuple[Prompt, ...] = ()
