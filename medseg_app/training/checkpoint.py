"""Checkpoint: everything a training needs to go on as if it had never stopped."""

from __future__ import annotations

import glob
import hashlib
import math
import os
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from medseg_app.core.errors import CouldNotBeDone, InputError

from .recipe import Recipe


@dataclass(frozen=True)
class Checkpoint:
    """State dicts of network, mean weights and optimiser; steps done, seconds spent, points of the curve.

    best: the mean weights of the look at which watched patients were best, where these are what is shipped.
    recent: running mean of the loss. learnt: images that it has learnt from (see learnt.py).
    """

    network: dict[str, Any]
    mean: dict[str, Any]
    optimiser: dict[str, Any]
    step: int
    seconds: float
    curve: list[tuple[Any, ...]] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)
    recent: float = math.nan
    learnt: tuple[str, ...] = ()


def checkpoint_path(out: Path) -> Path:
    """Where the checkpoint of a model folder lies: beside it, as model folders hold nothing pickled."""
    return out.parent / f".{out.name}.checkpoint"


def set_aside(path: Path) -> Path:
    """Give a checkpoint another name, lest a training that begins anew should write over it; that name."""
    names = (path.with_name(f"{path.name}.{number}") for number in count(1))
    free = next(name for name in names if not name.exists())
    path.replace(free)
    return free


def remove_checkpoints(path: Path) -> None:
    """Remove a checkpoint, and those that were set aside for it."""
    for one in (path, *path.parent.glob(f"{glob.escape(path.name)}.*")):
        one.unlink(missing_ok=True)


def write_checkpoint(checkpoint: Checkpoint, path: Path, recipe: Recipe) -> None:
    """Write a checkpoint; a kill at any moment leaves the old or the new one.

    Raises CouldNotBeDone where it cannot be written (disk full).
    """
    import torch

    draft = path.with_name(f"{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            torch.save({"recipe": _fingerprint(recipe), **vars(checkpoint)}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except (OSError, RuntimeError) as error:  # torch tells of a full disk by a RuntimeError
        draft.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise CouldNotBeDone(
            f"The checkpoint {path} cannot be written ({reason}).",
            "Free some space and train again.",
        ) from error


def read_checkpoint(path: Path, recipe: Recipe) -> Checkpoint:
    """Read a checkpoint. Raises InputError where it belongs to another recipe or is damaged."""
    import pickle

    import torch

    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(f"The checkpoint {path} is damaged.", "Train again without --resume.") from error
    if values.pop("recipe", "") != _fingerprint(recipe):
        raise InputError(
            f"The checkpoint {path} was written by another recipe.", "Train again without --resume."
        )
    return Checkpoint(**values)


def belongs_to(path: Path, recipe: Recipe) -> bool:
    """Whether a checkpoint is there from which this recipe can go on."""
    if not path.exists():
        return False
    try:
        read_checkpoint(path, recipe)
    except InputError:
        return False
    return True


def _fingerprint(recipe: Recipe) -> str:
    """Changes with what decides the course of the training."""
    source = replace(recipe.source, sub_boxes="", validation_seeds=(0, -1))
    decisive = (
        recipe.network,
        recipe.training,
        recipe.loss,
        recipe.augment,
        recipe.preprocessing,
        recipe.grid,
        source,
    )
    return hashlib.sha256(repr(decisive).encode()).hexdigest()
