"""What each process of a crew does: trains by two recipes, writes beside them what it saw, runs a command.

crew_members.py RECIPE RECIPE WORDS ...
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from medseg_app.__main__ import main as medseg
from medseg_app.training.crew import Crew
from medseg_app.training.dataset import find_cases, read_cases
from medseg_app.training.loop import Loop
from medseg_app.training.recipe import Recipe, read_recipe
from medseg_app.training.semantic import SemanticTask


class Watched:
    """On all processes but the leader the watched patients get better with every look."""

    def __init__(self, leads: bool) -> None:
        self.losses = iter([1.0] * 9 if leads else range(9, 0, -1))

    def loss(self, network: object) -> float:
        return float(next(self.losses))


def train(recipe: Recipe, out: Path) -> None:
    task = SemanticTask(recipe, read_cases(find_cases(recipe).train, recipe))
    drawn = []
    batch = task.batch
    task.batch = lambda rng, share: (drawn.append(batch(rng, share)), drawn[-1])[1]
    loop, crew = Loop(recipe, task, "cpu", out / "checkpoint", False), Crew.of_environment()
    if recipe.training.watch:
        loop.watch = Watched(crew.leads)
    loop.run(None, lambda share, text="": None)
    told = {
        "weights": sum(float(p.double().abs().sum()) for p in loop.mean_network().parameters()),
        "images": float(drawn[0].images.double().sum()),
        "steps": len(drawn),
        "gradients": mean_gradients(),
    }
    (out / f"{crew.rank}.json").write_text(json.dumps(told))


def mean_gradients() -> list[float | None]:
    """Of three weights: all have a gradient for the first, the leader for the second, none for the third."""
    crew, weights = Crew.of_environment(), torch.nn.ParameterList(torch.zeros(1) for _ in range(3))
    (weights[0] * (1 + crew.rank) + (weights[1] * 6 if crew.leads else 0)).sum().backward()
    crew.average(weights)
    return [None if weight.grad is None else float(weight.grad) for weight in weights]


if __name__ == "__main__":
    torch.set_num_threads(1)
    for path in map(Path, sys.argv[1:3]):
        train(read_recipe(path), path.parent)
    sys.exit(medseg(sys.argv[3:]))
