"""Figures of a finding model beside a blind baseline: on whole cases and on pieces of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from medseg_app.core.box import Box
from medseg_app.core.progress import Progress, part, silent
from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Engine, Request
from medseg_app.engines.predict import run_engine
from medseg_app.metrics.detection import measure_detection
from medseg_app.metrics.instances import Finding, Matches, components, match_findings
from medseg_app.metrics.overlap import dice

from .blind_baseline import BlindEllipsoid, Mask, Spacing, fit_blind_baseline
from .dataset import Split
from .recipe import Recipe
from .references import Reference, finding_class
from .sub_boxes import EMPTY, OFF_CENTRE, SubBoxes, draw_sub_boxes, read_sub_boxes

WHOLE = "whole"
KINDS = (WHOLE, OFF_CENTRE, EMPTY)

CONSIDERED = 0.1
"""Least score of what takes part in figures that look at all scores."""

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


@dataclass(frozen=True, eq=False)
class Result:
    """How one proposal agrees with the truth of one piece.

    scored: all that the model considers, also below its least score, best first. seconds: what it took.
    """

    matches: Matches
    dice: float | None
    truths: tuple[Finding, ...] = ()
    scored: tuple[Finding, ...] = ()
    seconds: float | None = None


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
            blind = _fitted(training, recipe.values)
            results = _results(engine, validation, boxes, blind, (device, share))
            figures[modality] = _summaries(results, blind, len(validation))
    return figures


def union(findings: tuple[Finding, ...], shape: tuple[int, int, int]) -> Mask:
    """All findings in one mask (k, j, i)."""
    mask = np.zeros(shape, bool)
    for finding in findings:
        mask[finding.box.slices] |= finding.mask
    return mask


def propose(
    engine: Engine, volume: Volume, device: str, progress: Progress = silent, min_score: float | None = None
) -> tuple[tuple[Finding, ...], float]:
    """What the model finds, best first (at the least score of its card, or at another), and in how many s."""
    request = Request(min_score=min_score, modality=volume.modality)
    proposal = run_engine(engine, volume, request, device, progress)
    found = sorted((c for c in proposal.candidates if c.kind == "instance"), key=lambda c: -(c.score or 0.0))
    seconds = proposal.cost.seconds if proposal.cost else 0.0
    return tuple(Finding(c.box, c.mask, c.name, c.score, str(c.class_value)) for c in found), seconds


def judge(findings: tuple[Finding, ...], piece: Piece) -> Result:
    """Hits and Dice of what was found in a piece."""
    shape = piece.volume.geometry.shape
    return Result(match_findings(findings, piece.truths), dice(union(findings, shape), piece.truth))


def judge_model(engine: Engine, piece: Piece, device: str) -> Result:
    """The same for a model as it is shipped, and all that it considers, for figures that need scores."""
    found, seconds = propose(engine, piece.volume, device)
    considered, _ = propose(engine, piece.volume, device, min_score=CONSIDERED)
    return replace(judge(found, piece), truths=piece.truths, scored=considered, seconds=seconds)


def pieces(reference: Reference, boxes: dict[str, Box], classes: Sequence[int]) -> Iterator[Piece]:
    """The whole case and its pieces, with findings of the classes (values) that a model knows."""
    volume, truth = reference.read()
    volume = replace(volume, modality=reference.modality)
    findings = [_of_classes(finding, classes) for finding in reference.findings(truth)]
    for kind, box in {WHOLE: Box.whole(volume.geometry.shape), **boxes}.items():
        cut = (_inside(finding, box) for finding in findings)
        yield Piece(kind, volume.cropped(box), tuple(finding for finding in cut if finding.mask.any()))


def _of_classes(finding: Finding, classes: Sequence[int]) -> Finding:
    return replace(finding, class_key=str(finding_class(int(finding.class_key), classes)))


def _inside(finding: Finding, box: Box) -> Finding:
    """What a box holds of a finding, seen from the box.

    Cut findings may fall apart; each part is still the same tumour, so it stays one finding.
    """
    shared = finding.box & box
    return replace(finding, box=shared.within(box), mask=finding.mask[shared.within(finding.box).slices])


def _sub_boxes(recipe: Recipe) -> SubBoxes:
    if not recipe.source.sub_boxes:
        return {}
    return read_sub_boxes(recipe.path.parent / recipe.source.sub_boxes)


def _fitted(training: list[Reference], classes: Sequence[int]) -> dict[str, BlindEllipsoid]:
    """A baseline per kind of image, fitted on the training patients' own images of that kind."""
    truths: dict[str, list[tuple[Mask, Spacing]]] = {kind: [] for kind in KINDS}
    for seed, reference in enumerate(training):
        (whole,) = pieces(reference, {}, classes)
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
        for piece in pieces(reference, boxes.get(reference.name, {}), tuple(engine.card.labels)):
            model = judge_model(engine, piece, device)
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
        **_scored(results),
    }


def _scored(results: list[Result]) -> Figures:
    """Average precision, recall at one false positive per image and time; empty for the baseline."""
    if any(result.seconds is None for result in results):
        return {}
    found = measure_detection([(result.scored, result.truths) for result in results])
    seconds = [result.seconds for result in results if result.seconds is not None]
    return {
        "ap_at_iou_0.1": _round(found.ap["0.1"]),
        "ap_at_iou_0.5": _round(found.ap["0.5"]),
        "recall_at_1_false_positive": _round(found.recall_at_1_fp),
        "seconds_per_image": round(float(np.mean(seconds)), 2),
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
