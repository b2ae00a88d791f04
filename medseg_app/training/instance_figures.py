"""Figures of a finding model beside a blind baseline: on whole cases and on pieces of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.label_map import LabelMap
from medseg_app.core.progress import Progress, part, silent
from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Engine, Request
from medseg_app.engines.predict import run_engine
from medseg_app.metrics.instances import Finding, Matches, components, match_findings
from medseg_app.metrics.overlap import dice

from .blind_baseline import BlindEllipsoid, Mask, Spacing, fit_blind_baseline
from .dataset import Split
from .recipe import Recipe
from .references import Reference
from .sub_boxes import EMPTY, OFF_CENTRE, SubBoxes, draw_sub_boxes, read_sub_boxes

WHOLE = "whole"
KINDS = (WHOLE, OFF_CENTRE, EMPTY)

Figures = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Piece:
    """A whole case or a piece of it, with the truth inside."""

    kind: str
    volume: Volume
    truths: tuple[Finding, ...]

    @property
    def truth(self) -> Mask:
        """All findings together, shape (k, j, i)."""
        return union(self.truths, self.volume.geometry.shape)


@dataclass(frozen=True)
class Result:
    """How one proposal agrees with the truth of one piece."""

    matches: Matches
    dice: float | None


def measure_instances(
    engine: Engine, recipe: Recipe, split: Split, device: str, progress: Progress
) -> Figures:
    """Per modality and kind of image: recall, findings, false positives and Dice of model and baseline."""
    boxes = _sub_boxes(recipe)
    figures: Figures = {}
    for number, modality in enumerate(recipe.modality):
        share = part(progress, number / len(recipe.modality), (number + 1) / len(recipe.modality))
        training = [r for r in split.train if r.modality == modality]
        validation = [r for r in split.validation if r.modality == modality]
        if validation:
            blind = _fitted(training)
            results = _results(engine, validation, boxes, blind, (device, share))
            figures[modality] = _summaries(results, blind, len(validation))
    return figures


def union(findings: tuple[Finding, ...], shape: tuple[int, int, int]) -> Mask:
    """All findings in one mask (k, j, i)."""
    mask = np.zeros(shape, bool)
    for finding in findings:
        mask[finding.box.slices] |= finding.mask
    return mask


def propose(engine: Engine, volume: Volume, device: str, progress: Progress = silent) -> tuple[Finding, ...]:
    """What the model finds, best first."""
    proposal = run_engine(engine, volume, Request(modality=volume.modality), device, progress)
    found = sorted((c for c in proposal.candidates if c.kind == "instance"), key=lambda c: -(c.score or 0.0))
    return tuple(Finding(c.box, c.mask, c.name) for c in found)


def judge(findings: tuple[Finding, ...], piece: Piece) -> Result:
    """Hits and Dice of what was found in a piece."""
    shape = piece.volume.geometry.shape
    return Result(match_findings(findings, piece.truths), dice(union(findings, shape), piece.truth))


def pieces(reference: Reference, boxes: dict[str, Box]) -> Iterator[Piece]:
    """The whole case and its pieces."""
    volume, truth = reference.read()
    volume = replace(volume, modality=reference.modality)
    masks = _finding_masks(truth)
    for kind, box in {WHOLE: Box.whole(volume.geometry.shape), **boxes}.items():
        # Cut findings may fall apart; each part is still the same tumour, so it stays one finding.
        cut = [mask[box.slices] for mask in masks]
        inside = tuple(Finding(Box.whole(mask.shape), mask) for mask in cut if mask.any())
        voxels = np.ascontiguousarray(volume.voxels[box.slices])
        yield Piece(kind, replace(volume, voxels=voxels, geometry=volume.geometry.cropped(box)), inside)


def _finding_masks(truth: LabelMap) -> list[NDArray[np.bool_]]:
    instances = [s for s in truth.segments if s.kind == "instance"] or list(truth.segments)
    return [truth.mask(segment) for segment in instances]


def _sub_boxes(recipe: Recipe) -> SubBoxes:
    if not recipe.source.sub_boxes:
        return {}
    return read_sub_boxes(recipe.path.parent / recipe.source.sub_boxes)


def _fitted(training: list[Reference]) -> dict[str, BlindEllipsoid]:
    """A baseline per kind of image, fitted on the training patients' own images of that kind."""
    truths: dict[str, list[tuple[Mask, Spacing]]] = {kind: [] for kind in KINDS}
    for seed, reference in enumerate(training):
        (whole,) = pieces(reference, {})
        for kind, box in draw_sub_boxes(whole.truth, seed).items():
            truths[kind].append((whole.truth[box.slices], whole.volume.geometry.spacing_kji))
        truths[WHOLE].append((whole.truth, whole.volume.geometry.spacing_kji))
    fitted = {kind: fit_blind_baseline(truths[kind]) for kind in (WHOLE, OFF_CENTRE) if truths[kind]}
    # Nothing can be fitted where there is nothing to find: the baseline of whole images stands there.
    return {**fitted, EMPTY: fitted[WHOLE]} if WHOLE in fitted else {}


def _results(
    engine: Engine,
    validation: list[Reference],
    boxes: SubBoxes,
    blind: dict[str, BlindEllipsoid],
    run: tuple[str, Progress],
) -> list[tuple[str, Result, Result | None]]:
    """Kind, the model's result and the baseline's, for every image."""
    device, progress = run
    results = []
    for number, reference in enumerate(validation):
        progress(number / len(validation), f"measuring {reference.name}")
        for piece in pieces(reference, boxes.get(reference.name, {})):
            model = judge(propose(engine, piece.volume, device), piece)
            results.append((piece.kind, model, _judge_blind(blind.get(piece.kind), piece)))
    return results


def _judge_blind(blind: BlindEllipsoid | None, piece: Piece) -> Result | None:
    if blind is None:
        return None
    geometry = piece.volume.geometry
    return judge(tuple(components(blind.mask(geometry.shape, geometry.spacing_kji))), piece)


def _summaries(
    results: list[tuple[str, Result, Result | None]], blind: dict[str, BlindEllipsoid], patients: int
) -> Figures:
    figures: Figures = {"patients": patients}
    for kind in KINDS:
        rows = [(model, baseline) for name, model, baseline in results if name == kind]
        if rows:
            figures[kind] = {"model": summary([model for model, _ in rows])}
            baselines = [baseline for _, baseline in rows if baseline is not None]
            if baselines:
                figures[kind]["blind_baseline"] = {"what": str(blind[kind]), **summary(baselines)}
    return figures


def summary(results: list[Result]) -> Figures:
    """Recall, findings and false positives per image, and mean Dice; None where undefined."""
    truths = sum(result.matches.truths for result in results)
    hits = sum(len(result.matches.pairs) for result in results)
    overlaps = [result.dice for result in results if result.matches.truths and result.dice is not None]
    return {
        "images": len(results),
        "recall": round(hits / truths, 3) if truths else None,
        "findings_per_image": round(float(np.mean([r.matches.predictions for r in results])), 2),
        "false_positives_per_image": round(float(np.mean([r.matches.false_positives for r in results])), 2),
        "mean_dice": round(float(np.mean(overlaps)), 3) if overlaps else None,
    }
