"""Watch: patients of the training from whom nothing is learnt, to see when it gets no better (torch)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .references import Reference

if TYPE_CHECKING:
    from torch import nn

BATCHES = 8
"""Batches that are looked at each time, always the same ones."""


def set_apart(
    training: tuple[Reference, ...], patients: int
) -> tuple[tuple[Reference, ...], tuple[Reference, ...]]:
    """References to learn from, and those of so many patients, spread evenly, that are only watched."""
    if not patients:
        return training, ()
    names = sorted({reference.patient for reference in training})
    step = len(names) / patients
    watched = {names[int(step * (n + 0.5))] for n in range(min(patients, len(names) - 1))}
    return (
        tuple(r for r in training if r.patient not in watched),
        tuple(r for r in training if r.patient in watched),
    )


class Watch:
    """The loss on watched patients; the task must not vary its images."""

    def __init__(self, task: Any, seed: int, device: str) -> None:
        self._task, self._device = task, device
        self._seed = seed

    def loss(self, network: nn.Module) -> float:
        """Mean loss over the same batches every time; the network stays as it is."""
        import torch

        losses = []
        with torch.no_grad():
            for number in range(BATCHES):
                torch.manual_seed(self._seed + number)
                batch = self._task.batch(np.random.default_rng([self._seed, number]), 1.0)
                losses.append(float(self._task.loss(network, batch.to(self._device))))
        return float(np.mean(losses))


def has_stalled(watched: Sequence[float], patience: int) -> bool:
    """Whether the last `patience` losses are all no better than the best before them."""
    if not patience or len(watched) <= patience:
        return False
    return min(watched[-patience:]) >= min(watched[:-patience])
