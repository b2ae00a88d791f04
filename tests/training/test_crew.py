"""Several processes train as one: the same weights everywhere, one folder, batches of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from medseg_app.engines.model_folder import read_model_folder
from medseg_app.training.crew import Crew
from tests.training.tiny import write_cases, write_recipe

MEMBER = """
import json, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from medseg_app.training.crew import Crew
from medseg_app.training.dataset import find_cases, read_cases
from medseg_app.training.loop import Loop
from medseg_app.training.recipe import read_recipe
from medseg_app.training.semantic import SemanticTask
recipe, out = read_recipe(Path(sys.argv[1])), Path(sys.argv[2])
task = SemanticTask(recipe, read_cases(find_cases(recipe).train, recipe))
drawn = []
batch = task.batch
task.batch = lambda rng, share: (drawn.append(batch(rng, share)), drawn[-1])[1]
loop = Loop(recipe, task, "cpu", out / "checkpoint", False)
loop.run(None, lambda share, text="": None)
crew = Crew.of_environment()
told = {
    "weights": sum(float(p.double().abs().sum()) for p in loop.mean_network().parameters()),
    "images": float(drawn[0].images.double().sum()),
    "steps": len(drawn),
}
(out / f"{crew.rank}.json").write_text(json.dumps(told))
"""


def torchrun(*words: object, processes: int = 2) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_alone_nothing_is_shared():
    crew = Crew.of_environment()
    assert (crew.rank, crew.size, crew.leads) == (0, 1, True)
    assert crew.agree(0.25, "cpu") == 0.25
    assert crew.device("cuda:0") == "cuda:0"


@pytest.mark.parametrize(("rank", "device"), [("0", "cuda:0"), ("3", "cuda:3")])
def test_each_process_has_a_gpu_of_its_own(monkeypatch, rank, device):
    monkeypatch.setenv("LOCAL_RANK", rank)
    assert Crew(int(rank), 4).device("cuda:0") == device
    assert Crew(int(rank), 4).device("cpu") == "cpu"


def test_all_keep_the_same_weights_and_learn_from_other_batches(tmp_path):
    write_cases(tmp_path)
    recipe = write_recipe(tmp_path, steps=4)
    member = tmp_path / "member.py"
    member.write_text(MEMBER)
    ran = torchrun(member, recipe, tmp_path)
    assert ran.returncode == 0, ran.stderr
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    assert first["weights"] == second["weights"]
    assert first["images"] != second["images"]
    assert (tmp_path / "checkpoint").exists()


def test_the_command_line_writes_one_model(tmp_path):
    write_cases(tmp_path, 5)
    recipe, out = write_recipe(tmp_path, steps=4), tmp_path / "models/tiny"
    ran = torchrun("-m", "medseg_app", "train", recipe, "-o", out, "--device", "cpu", "--quiet")
    assert ran.returncode == 0, ran.stderr
    assert read_model_folder(out).card.figures["patients"] == 1
    assert [path.name for path in out.parent.iterdir()] == ["tiny"]


STALLING = MEMBER.replace(
    "loop.run(",
    """
class Watched:
    losses = iter([1.0] * 9 if loop._crew.leads else range(9, 0, -1))
    def loss(self, network):
        return float(next(self.losses))
loop.watch = Watched()
loop.run(""",
)


def test_all_end_together_when_the_leader_sees_no_progress(tmp_path):
    """On one process the watched patients get better with every look."""
    write_cases(tmp_path)
    recipe, member = write_recipe(tmp_path, steps=9), tmp_path / "member.py"
    text = recipe.read_text().replace("[augment]", "watch = 1\nlook_every = 1\npatience = 2\n\n[augment]")
    recipe.write_text(text)
    member.write_text(STALLING)
    ran = torchrun(member, recipe, tmp_path)
    assert ran.returncode == 0, ran.stderr
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    assert first["steps"] == second["steps"] == 3
