"""Loop: the steps of one training and everything that changes with them (torch)."""

from __future__ import annotations

import math
import time
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from medseg_app.core.errors import Cancelled
from medseg_app.core.progress import Progress

from .auxiliary_heads import without_auxiliary_heads
from .checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from .crew import Crew
from .curves import CurvePoint
from .first_network import first_network
from .recipe import Recipe
from .watch import Watch, has_stalled

if TYPE_CHECKING:
    from torch import Tensor, nn

CHECKPOINT_SECONDS = 10.0
"""Least time between two checkpoints, which a killed training may lose."""
CHECKPOINT_SHARE = 0.02
"""Share of the time that may go into writing them: large networks write theirs more seldom."""


class Task(Protocol):
    """What a kind of model learns from."""

    def batch(self, rng: np.random.Generator, share: float) -> Any:
        """A random batch when this share (0..1) of the training is done; rng alone decides which."""

    def loss(self, network: nn.Module, batch: Any) -> Tensor:
        """What is to become small."""


class Loop:
    """The steps of one training and everything that changes with them."""

    def __init__(self, recipe: Recipe, task: Task, device: str, checkpoint: Path, resume: bool) -> None:
        import torch

        from medseg_app.engines.device import bfloat16_is_faster

        torch.manual_seed(recipe.training.seed)
        self._crew = Crew.of_environment()
        self._recipe, self._task, self._device, self._path = recipe, task, device, checkpoint
        network, self.beginning = first_network(recipe)
        self._network = network.to(device).train()
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(),
            lr=recipe.training.learning_rate,
            weight_decay=recipe.training.weight_decay,
        )
        self._mean = {name: value.clone() for name, value in self._network.state_dict().items()}
        self._fast = recipe.training.precision == "bfloat16" and bfloat16_is_faster(device)
        self._step, self._seconds, self._recent = 0, 0.0, math.nan
        self.watch: Watch | None = None
        self._best: dict[str, Tensor] = {}
        self.curve: list[CurvePoint] = []
        self.learnt: frozenset[str] = frozenset()
        if resume and checkpoint.exists():
            self._restore(read_checkpoint(checkpoint, recipe))

    def run(self, max_minutes: float | None, progress: Progress) -> None:
        """All steps that are left, or as many as the time allows."""
        budget = math.inf if max_minutes is None else max_minutes * 60
        start = time.monotonic() - self._seconds
        due = time.monotonic() + CHECKPOINT_SECONDS
        try:
            while (share := self._share(budget)) < 1.0 and not self._has_stalled():
                progress(share, self._state())
                self._one_step(share)
                self._seconds = time.monotonic() - start
                if self._step % self._recipe.training.look_every == 0:
                    self._look(share)
                if (now := time.monotonic()) > due:
                    self.save()
                    due = now + max(CHECKPOINT_SECONDS, (time.monotonic() - now) / CHECKPOINT_SHARE)
        except Cancelled:
            self.save()
            raise
        if not self.curve or self.curve[-1].step != self._step:
            self._look(1.0)
        self.save()
        progress(1.0, self._state())

    def _state(self) -> str:
        loss = "" if math.isnan(self._recent) else f", loss {self._recent:.3f}"
        return f"step {self._step}{loss}"

    def mean_network(self) -> nn.Module:
        """The network with the running mean of its weights, ready for use.

        Where watched patients may end the training, the mean is that of the look at which they were best.
        """
        self._network.load_state_dict(self._best or self._mean)
        return without_auxiliary_heads(self._recipe, self._network.eval())

    @property
    def best_step(self) -> int | None:
        """The step whose weights `mean_network` has; None for the last one."""
        points = [point for point in self.curve if point.watched is not None] if self._best else []
        return min(points, key=lambda point: point.watched or 0.0).step if points else None

    def save(self) -> None:
        """Write the checkpoint."""
        if not self._crew.leads:
            return
        state = self._network.state_dict(), dict(self._mean), self._optimiser.state_dict()
        curve = [astuple(point) for point in self.curve]
        rest = self._best, self._recent, tuple(sorted(self.learnt))
        found = Checkpoint(*state, self._step, self._seconds, curve, *rest)
        write_checkpoint(found, self._path, self._recipe)

    def _restore(self, found: Checkpoint) -> None:
        self._network.load_state_dict(found.network)
        self._optimiser.load_state_dict(found.optimiser)
        self._mean = {name: value.to(self._device) for name, value in found.mean.items()}
        self._best = {name: value.to(self._device) for name, value in found.best.items()}
        self._step, self._seconds, self._recent = found.step, found.seconds, found.recent
        self.curve = [CurvePoint(*point) for point in found.curve]
        self.learnt = frozenset(found.learnt)

    def _look(self, share: float) -> None:
        """Note where the training stands; watched patients are judged with the mean weights."""
        watched = None
        if self.watch is not None:
            present = {name: value.clone() for name, value in self._network.state_dict().items()}
            self._network.load_state_dict(self._mean)
            watched = self.watch.loss(self._network)
            self._network.load_state_dict(present)
            if self._recipe.training.patience and watched < min(self._watched, default=math.inf):
                self._best = {name: value.clone() for name, value in self._mean.items()}
        rate = self._rate(share)
        self.curve.append(CurvePoint(self._step, self._seconds, rate, self._recent, watched))

    @property
    def _watched(self) -> list[float]:
        return [point.watched for point in self.curve if point.watched is not None]

    def _has_stalled(self) -> bool:
        """As the leader sees it: losses differ a little between cards."""
        stalled = has_stalled(self._watched, self._recipe.training.patience)
        return bool(self._crew.agree(float(stalled), self._device))

    def _rate(self, share: float) -> float:
        training = self._recipe.training
        warm = min((self._step + 1) / max(training.warmup, 1), 1.0)
        return float(training.learning_rate * warm * (1 - share) ** 0.9)

    def _share(self, budget: float) -> float:
        share = min(max(self._step / self._recipe.training.steps, self._seconds / budget), 1.0)
        return self._crew.agree(share, self._device)

    def _one_step(self, share: float) -> None:
        import torch

        training = self._recipe.training
        torch.manual_seed(training.seed * 1_000_003 + self._step + self._crew.rank)
        rng = np.random.default_rng([training.seed, self._step, *([self._crew.rank] * (self._crew.size > 1))])
        batch = self._task.batch(rng, share).to(self._device)
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate(share)
        with torch.autocast(self._device.partition(":")[0], torch.bfloat16, enabled=self._fast):
            loss = self._task.loss(self._network, batch)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._crew.average(self._network)
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
