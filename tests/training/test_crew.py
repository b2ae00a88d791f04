"""Several processes train as one: the same weights everywhere, one folder, batches of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from medseg_app.engines.model_folder import read_model_folder
from medseg_app.training.crew import Crew
from tests.training.tiny import write_cases, write_recipe

MEMBERS = Path(__file__).with_name("crew_members.py")


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


def test_beside_a_gpu_the_processor_can_train_as_well(monkeypatch):
    import torch
    from torch import distributed

    asked = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(distributed, "init_process_group", asked.append)
    monkeypatch.setattr(distributed, "get_rank", lambda: 1)
    assert Crew.of_environment() == Crew(1, 2)
    backends = distributed.BackendConfig(distributed.Backend(asked[0])).get_device_backend_map()
    assert backends == {"cpu": "gloo", "cuda": "nccl"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folders of three trainings by the same two processes, which take long to start.

    Four steps, up to nine that are watched, and the folder of models of the command line.
    """
    place = tmp_path_factory.mktemp("crew")
    plain, watched, commanded = place / "plain", place / "watched", place / "commanded"
    recipes = [write_recipe(_with_cases(folder), steps=steps) for folder, steps in ((plain, 4), (watched, 9))]
    text = recipes[1].read_text()
    recipes[1].write_text(text.replace("[augment]", "watch = 1\nlook_every = 1\npatience = 2\n\n[augment]"))
    words = ["train", write_recipe(_with_cases(commanded, 5), steps=4), "-o", commanded / "models/tiny"]
    ran = torchrun(MEMBERS, *recipes, *words, "--device", "cpu", "--quiet")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("models/tiny") == 1, ran.stdout
    return plain, watched, commanded / "models"


def _with_cases(folder, count=4):
    write_cases(folder, count)
    return folder


def told(folder):
    """What both processes tell of a training."""
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


def test_all_keep_the_same_weights_and_learn_from_other_batches(trained):
    first, second = told(trained[0])
    assert first["weights"] == second["weights"]
    assert first["images"] != second["images"]
    assert (trained[0] / "checkpoint").exists()


def test_a_batch_that_leaves_weights_aside_counts_as_zero_for_them(trained):
    assert [member["gradients"] for member in told(trained[0])] == [[1.5, 3.0, None]] * 2


def test_all_end_together_when_the_leader_sees_no_progress(trained):
    first, second = told(trained[1])
    assert first["steps"] == second["steps"] == 3


def test_the_command_line_writes_one_model(trained):
    models = trained[2]
    assert read_model_folder(models / "tiny").card.figures["patients"] == 1
    assert [path.name for path in models.iterdir()] == ["tiny"]
