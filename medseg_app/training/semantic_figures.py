"""Figures of a semantic model: per class over the patients in whom it was annotated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from medseg_app.core.label_map import LabelMap
from medseg_app.core.progress import Progress, part
from medseg_app.core.segment import Segment
from medseg_app.engines.contract import Engine, Request
from medseg_app.engines.model_card import UnionClass
from medseg_app.engines.predict import run_engine
from medseg_app.engines.to_label_map import to_label_map
from medseg_app.metrics.evaluate_files import compare_classes
from medseg_app.metrics.overlap import NSD_TOLERANCE_MM

from .annotated import annotated
from .recipe import Recipe
from .references import Reference

Figures = dict[str, Any]

MEANS = ("dice", "nsd", "nsd_wide", "hd95_mm")
WIDE_MM = 3.0
"""A second tolerance of NSD, about a voxel of the coarse grids that run on small computers."""


def measure_semantic(
    engine: Engine, recipe: Recipe, references: tuple[Reference, ...], device: str, progress: Progress
) -> Figures:
    """Mean Dice, NSD (two tolerances) and HD95 per class; mean Dice of the recipe's headline classes."""
    cases = {}
    for number, reference in enumerate(references):
        share = part(progress, number / len(references), (number + 1) / len(references))
        cases[reference.name] = measure_case(engine, recipe, reference, device, share)
    return summary(recipe, cases)


def measure_case(
    engine: Engine, recipe: Recipe, reference: Reference, device: str, progress: Progress
) -> dict[str, Figures]:
    """The figures of each annotated class in one patient, by class value as text."""
    volume, truth = reference.read()
    volume = replace(volume, modality=reference.modality)
    proposal = run_engine(engine, volume, Request(modality=reference.modality), device, progress)
    truth = replace(truth, segments=tuple(s for s in truth.segments if s.kind == "semantic"))
    known = annotated(truth, recipe)
    whole = {value: union for value, union in recipe.unions.items() if known.issuperset(union.of)}
    unknown = {*recipe.values, *recipe.unions} - known - whole.keys()
    truth, found = _with_unions(truth, whole), to_label_map(proposal, volume)
    labels = compare_classes(found, truth, unknown)
    wide = compare_classes(found, truth, unknown, WIDE_MM)
    return {value: {**row, "nsd_wide": wide[value]["nsd"]} for value, row in labels.items()}


def _with_unions(truth: LabelMap, unions: Mapping[int, UnionClass]) -> LabelMap:
    """The truth with a layer more for each class that is several others together."""
    layers, segments = list(truth.layers), list(truth.segments)
    for value, union in unions.items():
        parts = [truth.mask(one) for one in truth.segments if one.value in union.of]
        if parts:
            id_ = max(one.id for one in segments) + 1
            segments.append(Segment(id_, union.name, value, group=len(layers)))
            layers.append(np.where(np.logical_or.reduce(parts), np.uint16(value), np.uint16(0)))
    return replace(truth, layers=tuple(layers), segments=tuple(segments))


def summary(recipe: Recipe, cases: dict[str, dict[str, Figures]]) -> Figures:
    """The means of the figures of all cases, by the name of the class."""
    figures: Figures = {
        "patients": len(cases),
        "nsd_tolerance_mm": NSD_TOLERANCE_MM,
        "nsd_wide_tolerance_mm": WIDE_MM,
        "classes": {},
    }
    dice: dict[int, float] = {}
    for value, label in sorted({**recipe.labels, **recipe.unions}.items()):
        rows = [case[str(value)] for case in cases.values() if str(value) in case]
        means = {name: _mean(row[name] for row in rows) for name in MEANS}
        worst = min((row["dice"] for row in rows), default=None)
        figures["classes"][label.name] = {
            "patients": len(rows),
            **means,
            "worst_dice": _round(worst),
        }
        if means["dice"] is not None:
            dice[value] = means["dice"]
    headline = [dice[value] for value in recipe.headline or recipe.values if value in dice]
    figures["headline_classes"] = [recipe.labels[v].name for v in recipe.headline or recipe.values]
    figures["mean_dice"] = _mean(headline)
    return figures


def _mean(values: Iterable[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return _round(float(np.mean(defined))) if defined else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
