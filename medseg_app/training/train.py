"""run_training: from a recipe to a model folder, resumable after any interruption."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medseg_app.core.errors import InputError
from medseg_app.core.progress import Progress, part, silent

from .checkpoint import checkpoint_path
from .crew import Crew
from .dataset import Case, find_cases, look_through, read_cases
from .learnt import LETTERS, learnt_by
from .loop import Loop, Task
from .model_output import Effort, write_trained_model
from .not_shown import not_shown
from .recipe import Augment, Recipe
from .score_threshold import MIN_SCORE, settle_score_threshold
from .watch import Watch, set_apart


@dataclass(frozen=True)
class Keeping:
    """Where the checkpoint lies, and whether to go on from it where there is one."""

    checkpoint: Path
    resume: bool = False


def run_training(
    recipe: Recipe,
    out: Path,
    *,
    device: str = "cpu",
    resume: bool = False,
    max_minutes: float | None = None,
    progress: Progress = silent,
) -> Path:
    """Train a model and write its folder.

    out: the model folder; the checkpoint lies beside it and is removed at the end.
    resume: go on from the checkpoint where there is one (weights, mean weights, optimiser, step; the
    random numbers of a step follow from the recipe's seed and the step's number).
    max_minutes: of learning, those before a `resume` included; the learning rate falls with the clock too, so
    that the network is as good as it gets by then. Reading and measuring come on top.
    Raises InputError where the recipe has no cases, Cancelled where progress says so.
    """
    kept = Keeping(checkpoint_path(out), resume)
    train_into(recipe, out, kept, device=device, max_minutes=max_minutes, progress=progress)
    kept.checkpoint.unlink(missing_ok=True)
    return out


def train_into(
    recipe: Recipe,
    out: Path,
    kept: Keeping,
    *,
    device: str,
    max_minutes: float | None,
    progress: Progress,
) -> None:
    """As `run_training`, for a caller who has more to do before the checkpoint may be removed.

    Of several processes (see crew.py) only the one that leads writes the folder.
    """
    for note in recipe.notes:
        progress(0.0, note)
    crew = Crew.of_environment()
    device = crew.device(device)
    split = find_cases(recipe)
    if not split.train:
        raise InputError(f"The recipe {recipe.path} has no patient to train on.", "Check its split.")
    if crew.leads:
        look_through(split.validation, recipe)
    learnt, watched = set_apart(split.train, recipe.training.watch)
    cases = read_cases(learnt, recipe, part(progress, 0.0, 0.05))
    recipe = _noted(recipe, cases, progress)
    training = Loop(recipe, _task(recipe, cases, device), device, kept.checkpoint, kept.resume)
    if training.beginning is not None:
        progress(0.05, training.beginning.summary)
    looked_at = read_cases(watched, recipe)
    if looked_at:
        training.watch = _watch(recipe, looked_at, device)
    training.learnt |= {case.sha256[:LETTERS] for case in (*cases, *looked_at)} | learnt_by(recipe.start_from)
    training.run(max_minutes, part(progress, 0.05, 0.95))
    if not crew.leads:
        return
    effort = Effort(training.curve, device, training.beginning, training.best_step, training.learnt)
    write_trained_model(recipe, training.mean_network(), out, effort)
    if recipe.gives_findings and MIN_SCORE not in recipe.thresholds:
        settle_score_threshold(out, watched or split.train, device, part(progress, 0.95, 1.0))


def _noted(recipe: Recipe, cases: list[Case], progress: Progress) -> Recipe:
    """The recipe with notes of what its cases do not show, which are told now."""
    notes = not_shown(cases, recipe)
    for note in notes:
        progress(0.05, note)
    return replace(recipe, notes=(*recipe.notes, *notes))


def _watch(recipe: Recipe, cases: list[Case], device: str) -> Watch:
    """Watched patients are shown as they are."""
    plain = replace(recipe, augment=Augment())
    return Watch(_task(plain, cases, device), recipe.training.seed, device)


def _task(recipe: Recipe, cases: list[Any], device: str) -> Task:
    from .instance import InstanceTask
    from .semantic import SemanticTask

    # Apple's GPU has neither float64 nor sampling in volumes: there the processor draws.
    drawn_on = device if device.startswith("cuda") else "cpu"
    return (SemanticTask if recipe.task == "semantic" else InstanceTask)(recipe, cases, drawn_on)
