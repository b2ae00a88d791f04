"""How far two computations of one model agree: foreground Dice, and precision of the findings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume
from medseg_app.metrics.detection import measure_detection
from medseg_app.metrics.instances import Finding

PLACES = 4
"""Digits of a figure, which is rounded down: 0.99999 is not 1."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What an engine said of one image: a class for every voxel (k, j, i), findings, and what it took."""

    classes: NDArray[np.uint16]
    findings: tuple[Finding, ...]
    seconds: float
    memory_mb: float

    @classmethod
    def of(cls, image: Volume, proposal: Proposal, seconds: float) -> Answer:
        """A proposal for an image, which took so long."""
        classes = np.zeros(image.geometry.shape, np.uint16)
        for one in reversed(proposal.candidates):  # a union stands behind its classes and gives way to them
            classes[one.box.slices][one.mask] = one.class_value
        found = (c for c in proposal.candidates if c.kind == "instance")
        findings = tuple(Finding(c.box, c.mask, c.name, c.score, str(c.class_value)) for c in found)
        return cls(classes, findings, seconds, proposal.cost.memory_mb if proposal.cost else 0.0)


@dataclass(frozen=True)
class Agreement:
    """As in `engines.backend.Backend`: of all images, of the worst one, and of the findings."""

    dice: float | None
    worst_dice: float | None
    ap: float | None


def agreement(answers: Sequence[Answer], truths: Sequence[Answer]) -> Agreement:
    """Of answers with those that are taken for the truth, image by image."""
    pairs = list(zip(answers, truths, strict=True))
    counts = [_overlap(said.classes, truth.classes) for said, truth in pairs]
    alone = [one for one in map(_dice, counts) if one is not None]
    found = measure_detection([(said.findings, truth.findings) for said, truth in pairs])
    return Agreement(_dice(np.sum(counts, axis=0)), min(alone, default=None), _down(found.ap["0.5"]))


def _overlap(a: NDArray[np.uint16], b: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Voxels of the foreground that have the same class in both, and foreground of both together."""
    return np.array([np.count_nonzero((a == b) & (a > 0)), np.count_nonzero(a) + np.count_nonzero(b)])


def _dice(counts: NDArray[np.int64]) -> float | None:
    return _down(2 * float(counts[0]) / float(counts[1])) if counts[1] else None


def _down(value: float | None) -> float | None:
    return None if value is None else math.floor(value * 10**PLACES + 1e-9) / 10**PLACES
