"""Panoptic results: what a model of classes and a model of findings say about the same voxels, made one.

The rules, in this order:
1. Findings by falling score: a voxel belongs to the best that holds it.
2. A finding smaller than `min_ml` of its class, or with less than half of itself left by better ones, is
   dropped.
3. A finding is laid over the classes: they lose its voxels, unless `within` says that this finding is
   part of that class (a lesion in an organ). Then both keep them.
4. What a class loses is gone; a class that has no voxel left is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from medseg_app.core.proposal import Candidate

from .candidates import by_score, left_by

LEAST_LEFT = 0.5
"""Share of a finding that better ones must leave it."""


@dataclass(frozen=True)
class PanopticRules:
    """within: pairs (name of a finding, name of a class) that keep voxels together.

    min_ml: least volume of a finding, by its class value; 0 where none is stated.
    """

    within: frozenset[tuple[str, str]] = frozenset()
    min_ml: Mapping[int, float] = field(default_factory=dict)


def merge_panoptic(
    candidates: Iterable[Candidate], voxel_ml: float, rules: PanopticRules = PanopticRules()
) -> tuple[Candidate, ...]:
    """Findings, best score first, and then classes by rising value, on one grid.

    voxel_ml: volume of a voxel in ml. Masks that are changed are copied.
    """
    given = list(candidates)
    findings = by_score([one for one in given if one.kind == "instance"])
    kept = _findings(findings, voxel_ml, rules.min_ml)
    classes = sorted((one for one in given if one.kind == "semantic"), key=lambda one: one.class_value)
    left = (_without(one, kept, rules) for one in classes)
    return (*kept, *(one for one in left if one is not None))


def _findings(findings: list[Candidate], voxel_ml: float, min_ml: Mapping[int, float]) -> list[Candidate]:
    """Rules 1 and 2. One that is dropped takes no voxel from those after it."""
    kept: list[Candidate] = []
    for finding in findings:
        left = left_by(finding, kept)
        count = left.voxel_count if left is not None else 0
        least = max(LEAST_LEFT * finding.voxel_count, min_ml.get(finding.class_value, 0.0) / voxel_ml)
        if left is not None and count >= least:
            kept.append(left)
    return kept


def _without(one: Candidate, findings: list[Candidate], rules: PanopticRules) -> Candidate | None:
    """Rules 3 and 4 for one class."""
    return left_by(one, (f for f in findings if (f.name, one.name) not in rules.within))
