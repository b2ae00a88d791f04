"""run_training: from a recipe to a model folder, resumable after any interruption."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from medseg_app.core.errors import Cancelled, InputError
from medseg_app.core.progress import Progress, part, silent

from .checkpoint import Checkpoint, checkpoint_path, read_checkpoint, write_checkpoint
from .dataset import find_cases, read_cases
from .model_output import write_trained_model
from .recipe import Recipe
from .score_threshold import MIN_SCORE, settle_score_threshold

if TYPE_CHECKING:
    from torch import Tensor, nn

CHECKPOINT_SECONDS = 120.0


class Task(Protocol):
    """What a kind of model learns from."""

    def batch(self, rng: np.random.Generator, share: float) -> Any:
        """A random batch when this share (0..1) of the training is done; rng alone decides which."""

    def loss(self, network: nn.Module, batch: Any) -> Tensor:
        """What is to become small."""


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
    max_minutes: the learning rate falls with the clock too, so that the model is finished by then.
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
    """As `run_training`, for a caller who has more to do before the checkpoint may be removed."""
    split = find_cases(recipe)
    if not split.train:
        raise InputError(f"The recipe {recipe.path} has no patient to train on.", "Check its split.")
    cases = read_cases(split.train, recipe, part(progress, 0.0, 0.05))
    training = Loop(recipe, _task(recipe, cases), device, kept.checkpoint, kept.resume)
    training.run(max_minutes, part(progress, 0.05, 0.95))
    write_trained_model(recipe, training.mean_network(), out)
    if recipe.gives_findings and MIN_SCORE not in recipe.thresholds:
        settle_score_threshold(out, split.train, device, part(progress, 0.95, 1.0))


def _task(recipe: Recipe, cases: list[Any]) -> Task:
    from .instance import InstanceTask
    from .semantic import SemanticTask

    return SemanticTask(recipe, cases) if recipe.task == "semantic" else InstanceTask(recipe, cases)


def _first_network(recipe: Recipe) -> nn.Module:
    """The network before the first step: random, or with the weights of another model."""
    from medseg_app.engines.model_folder import read_model_folder
    from medseg_app.engines.networks import build_network
    from medseg_app.engines.weights import load_weights

    network = build_network(recipe.network)
    if recipe.start_from is not None:
        load_weights(network, read_model_folder(recipe.start_from))
    return network.float()


class Loop:
    """The steps of one training and everything that changes with them."""

    def __init__(self, recipe: Recipe, task: Task, device: str, checkpoint: Path, resume: bool) -> None:
        import torch

        from medseg_app.engines.device import fast_is_possible

        torch.manual_seed(recipe.training.seed)
        self._recipe, self._task, self._device, self._path = recipe, task, device, checkpoint
        self._network = _first_network(recipe).to(device).train()
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(),
            lr=recipe.training.learning_rate,
            weight_decay=recipe.training.weight_decay,
        )
        self._mean = {name: value.clone() for name, value in self._network.state_dict().items()}
        self._fast = recipe.training.precision == "bfloat16" and fast_is_possible(device)
        self._step, self._seconds, self._recent = 0, 0.0, math.nan
        if resume and checkpoint.exists():
            self._restore(read_checkpoint(checkpoint, recipe))

    def run(self, max_minutes: float | None, progress: Progress) -> None:
        """All steps that are left, or as many as the time allows."""
        budget = math.inf if max_minutes is None else max_minutes * 60
        start, saved = time.monotonic() - self._seconds, time.monotonic()
        try:
            while self._share(budget) < 1.0:
                progress(self._share(budget), f"step {self._step}, loss {self._recent:.3f}")
                self._one_step(self._share(budget))
                self._seconds = time.monotonic() - start
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self.save()
                    saved = time.monotonic()
        except Cancelled:
            self.save()
            raise
        self.save()
        progress(1.0, f"step {self._step}, loss {self._recent:.3f}")

    def mean_network(self) -> nn.Module:
        """The network with the running mean of its weights, ready for use."""
        self._network.load_state_dict(self._mean)
        return self._network.eval()

    def save(self) -> None:
        """Write the checkpoint."""
        state = self._network.state_dict(), dict(self._mean), self._optimiser.state_dict()
        write_checkpoint(Checkpoint(*state, self._step, self._seconds), self._path, self._recipe)

    def _restore(self, found: Checkpoint) -> None:
        self._network.load_state_dict(found.network)
        self._optimiser.load_state_dict(found.optimiser)
        self._mean = {name: value.to(self._device) for name, value in found.mean.items()}
        self._step, self._seconds = found.step, found.seconds

    def _share(self, budget: float) -> float:
        return min(max(self._step / self._recipe.training.steps, self._seconds / budget), 1.0)

    def _one_step(self, share: float) -> None:
        import torch

        training = self._recipe.training
        torch.manual_seed(training.seed * 1_000_003 + self._step)
        rng = np.random.default_rng([training.seed, self._step])
        batch = self._task.batch(rng, share).to(self._device)
        warm = min((self._step + 1) / max(training.warmup, 1), 1.0)
        for group in self._optimiser.param_groups:
            group["lr"] = training.learning_rate * warm * (1 - share) ** 0.9
        with torch.autocast(self._device.partition(":")[0], torch.bfloat16, enabled=self._fast):
            loss = self._task.loss(self._network, batch)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        length = torch.nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._step += 1
        if not torch.isfinite(length):
            return  # one overflow in bfloat16 would make every weight NaN for good
        self._optimiser.step()
        self._follow()
        value = float(loss.detach())
        self._recent = value if math.isnan(self._recent) else 0.98 * self._recent + 0.02 * value

    def _follow(self) -> None:
        """Move the mean weights towards the present ones, faster in the beginning."""
        keep = min(self._recipe.training.ema, (self._step + 1) / (self._step + 10))
        for name, value in self._network.state_dict().items():
            if value.is_floating_point():
                self._mean[name].lerp_(value, 1 - keep)
            else:
                self._mean[name] = value.clone()
