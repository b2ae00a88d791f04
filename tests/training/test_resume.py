"""A training that is killed goes on as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from medseg_app.core.errors import Cancelled, InputError
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
loop.CHECKPOINT_SECONDS = 0.0
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
    return read_recipe(write_recipe(tmp_path, steps=STEPS))


def weights(folder: Path) -> bytes:
    return (folder / "models/model.safetensors").read_bytes()


def test_weights_after_kill_and_resume_equal_an_uninterrupted_run(recipe, tmp_path):
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
