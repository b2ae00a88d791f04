"""The score below which a finding model keeps silent, chosen on training patients only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from medseg_app.core.progress import Progress, silent
from medseg_app.engines.contract import Engine, Request
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.model_folder_writer import Papers, write_model_folder
from medseg_app.engines.predict import build_engine, run_engine
from medseg_app.metrics.instances import Finding, match_findings

from .instance_figures import Piece, pieces
from .references import Reference
from .sub_boxes import draw_sub_boxes

MIN_SCORE = "min_score"
CANDIDATES = tuple(float(score) for score in np.arange(0.3, 0.96, 0.05).round(2))
MAX_CASES = 12
"""So many training cases, spread evenly, are enough to choose one number."""

Scored = list[tuple[Finding, float]]


def settle_score_threshold(
    path: Path, training: tuple[Reference, ...], device: str, progress: Progress
) -> float:
    """Choose `min_score` for the model in a folder and write it into the card."""
    folder = read_model_folder(path)
    score = choose_min_score(build_engine(folder), training, device, progress)
    card = replace(folder.card, thresholds={**folder.card.thresholds, MIN_SCORE: score})
    write_model_folder(path, card, folder.weights(), Papers(documents=folder.documents()))
    return score


def choose_min_score(
    engine: Engine, training: tuple[Reference, ...], device: str, progress: Progress = silent
) -> float:
    """The middle of the scores with the best F1 on whole training cases and random pieces of them."""
    chosen, classes = training[:: -(-len(training) // MAX_CASES)], tuple(engine.card.labels)
    found: list[tuple[Piece, Scored]] = []
    for number, reference in enumerate(chosen):
        progress(number / len(chosen), f"choosing the least score on {reference.name}")
        (whole,) = pieces(reference, {}, classes)
        for piece in pieces(reference, draw_sub_boxes(whole.truth, number), classes):
            found.append((piece, _scored(engine, piece, device)))
    quality = np.array([_f1(found, least) for least in CANDIDATES])
    best = np.flatnonzero(quality >= quality.max() - 1e-9)
    return CANDIDATES[int(best[len(best) // 2])]


def _scored(engine: Engine, piece: Piece, device: str) -> Scored:
    request = Request(min_score=CANDIDATES[0], modality=piece.volume.modality)
    proposal = run_engine(engine, piece.volume, request, device, silent)
    ordered = sorted(proposal.candidates, key=lambda candidate: -(candidate.score or 0.0))
    return [(Finding(c.box, c.mask, c.name, c.score, str(c.class_value)), c.score or 0.0) for c in ordered]


def _f1(found: list[tuple[Piece, Scored]], least: float) -> float:
    """Harmonic mean of recall and precision over all images."""
    hits = wrong = 0
    for piece, scored in found:
        matches = match_findings([finding for finding, score in scored if score >= least], piece.truths)
        hits += len(matches.pairs)
        wrong += matches.false_positives + matches.truths - len(matches.pairs)
    return 2 * hits / (2 * hits + wrong) if hits else 0.0
