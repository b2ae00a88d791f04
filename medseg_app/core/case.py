"""Case: one volume with its segmentation, history, proposal and measurements."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from .history import History
from .label_writer import LabelWriter
from .prompt import Prompt
from .proposal import Candidate, Proposal
from .segmentation import Segmentation
from .volume import Volume

Decision = Literal["accepted", "rejected"]
Position = tuple[float, float, float]


@dataclass(frozen=True)
class Ruler:
    """A straight measurement between two patient positions (LPS mm)."""

    start_lps: Position
    end_lps: Position

    @property
    def length_mm(self) -> float:
        """Distance between the ends."""
        return float(np.linalg.norm(np.subtract(self.end_lps, self.start_lps)))


@dataclass(frozen=True)
class ReadOnly:
    """Why a case can be viewed and not changed: what stands against it, and what the reader can do."""

    message: str
    hint: str


def new_case_id() -> str:
    """An id that no other case has."""
    return uuid.uuid4().hex


@dataclass(eq=False)
class Case:
    """What is open: the volume, what was marked on it and what is proposed for it.

    so_far: what a running model has found until now; it can be seen, not accepted.
    asked: the prompts that a model works on now.
    saved_revision, saved_rulers: what the case file holds.
    decisions: by number of the candidate. accepted_in: revision -> candidates that its step accepted.
    """

    volume: Volume
    segmentation: Segmentation
    id: str = field(default_factory=new_case_id)
    path: Path | None = None
    read_only: ReadOnly | None = None
    proposal: Proposal | None = None
    so_far: tuple[Candidate, ...] = ()
    asked: tuple[Prompt, ...] = ()
    decisions: dict[int, Decision] = field(default_factory=dict)
    rulers: list[Ruler] = field(default_factory=list)
    saved_revision: int = 0
    saved_rulers: tuple[Ruler, ...] = ()
    accepted_in: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.writer = LabelWriter(self.segmentation)
        self.history = History(self.writer)

    @classmethod
    def of(cls, volume: Volume) -> Case:
        """A new case without labels."""
        return cls(volume, Segmentation(volume.geometry))
