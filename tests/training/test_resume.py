"""A training that is killed goes on as if nothing had happened."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from medseg_app.core.errors import Cancelled, InputError
from medseg_app.training import loop
from medseg_app.training.checkpoint import checkpoint_path
from medseg_app.training.recipe import read_recipe
from medseg_app.training.train import run_training
from tests.training.tiny import write_cases, write_recipe

STEPS = 40
KILLED = """
import sys, time
from pathlib import Path
import torch
from medseg_app.training import loop, train
from medseg_app.training.recipe import read_recipe
torch.set_num_threads(1)
loop.CHECKPOINT_SECONDS, loop.CHECKPOINT_SHARE = 0.0, 1.0
def slowly(fraction, message=""):
    time.sleep(0.05)
train.run_training(read_recipe(Path(sys.argv[1])), Path(sys.argv[2]), progress=slowly)
"""


@pytest.fixture(autouse=True)
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def recipe(tmp_path):
    write_cases(tmp_path)
    path = write_recipe(tmp_path, steps=STEPS)
    path.write_text(path.read_text().replace("[augment]", "look_every = 5\n\n[augment]"))
    return read_recipe(path)


def weights(folder: Path) -> bytes:
    return (folder / "models/model.safetensors").read_bytes()


def curve(folder: Path) -> list[tuple[str, str]]:
    """Step and loss of each look; what the clock says differs from run to run."""
    with (folder / "docs/curves.csv").open() as file:
        return [(row["step"], row["loss"]) for row in csv.DictReader(file)]


def test_weights_and_curve_after_kill_and_resume_equal_an_uninterrupted_run(recipe, tmp_path):
    killed, straight = tmp_path / "killed", tmp_path / "straight"
    run_training(recipe, straight)
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(recipe.path), str(killed)])
    deadline = time.monotonic() + 120
    while not checkpoint_path(killed).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not killed.exists()
    run_training(recipe, killed, resume=True)
    assert weights(killed) == weights(straight)
    assert curve(killed) == curve(straight)
    assert not checkpoint_path(killed).exists()


def test_a_cancelled_training_keeps_its_steps(recipe, tmp_path):
    def stop_in_the_middle(fraction: float, message: str = "") -> None:
        if fraction > 0.5:
            raise Cancelled

    out = tmp_path / "model"
    with pytest.raises(Cancelled):
        run_training(recipe, out, progress=stop_in_the_middle)
    assert not out.exists()
    seen: list[str] = []
    run_training(recipe, out, resume=True, progress=lambda _, message="": seen.append(message))
    steps = [int(text.split()[1].rstrip(",")) for text in seen if text.startswith("step")]
    assert 10 < steps[0] < STEPS
    run_training(recipe, tmp_path / "straight")
    assert weights(out) == weights(tmp_path / "straight")


def test_checkpoints_take_a_fiftieth_of_the_time_and_are_seldom_old(recipe, tmp_path, monkeypatch):
    """On a clock that a step moves by 1 s and writing by 0.1 s, then by 1 s."""
    now, written = [0.0], []
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def write(found, *_):
        now[0] += 0.1 if len(written) < 3 else 1.0
        written.append(found.step)

    def one_second(*_):
        now[0] += 1.0

    monkeypatch.setattr(loop, "write_checkpoint", write)
    long = replace(recipe, training=replace(recipe.training, steps=160, look_every=1000))
    run_training(long, tmp_path / "model", progress=one_second)
    assert 10 <= written[0] <= 12
    gaps = np.diff(written[:-1])
    assert max(gaps[:3]) <= 12
    assert min(gaps[3:]) >= 50


def test_a_checkpoint_of_another_recipe_is_refused(recipe, tmp_path):
    def stop(fraction: float, message: str = "") -> None:
        if fraction > 0.3:
            raise Cancelled

    out = tmp_path / "model"
    with pytest.raises(Cancelled):
        run_training(recipe, out, progress=stop)
    other = replace(recipe, training=replace(recipe.training, learning_rate=0.5))
    with pytest.raises(InputError, match="another recipe"):
        run_training(other, out, resume=True)


def test_a_damaged_checkpoint_is_refused(recipe, tmp_path):
    out = tmp_path / "model"
    checkpoint_path(out).write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match="damaged"):
        run_training(recipe, out, resume=True)


def test_the_clock_ends_a_training(recipe, tmp_path):
    endless = replace(recipe, training=replace(recipe.training, steps=10**9))
    start = time.monotonic()
    run_training(endless, tmp_path / "model", max_minutes=0.02)
    assert time.monotonic() - start < 60
    assert (tmp_path / "model/models/model.safetensors").exists()


def test_training_starts_from_another_model(recipe, tmp_path):
    run_training(recipe, tmp_path / "first")
    still = replace(
        recipe,
        start_from=tmp_path / "first",
        training=replace(recipe.training, steps=1, learning_rate=0.0),
    )
    run_training(still, tmp_path / "second")
    assert weights(tmp_path / "second") == weights(tmp_path / "first")
