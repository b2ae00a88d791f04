"""`medseg train` on a newcomer's data set, without a file to edit, and on from an interruption."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys

import nibabel
import numpy as np
import pytest
from filelock import FileLock

SHORT = "0.001"
"""Minutes of a training whose result does not matter: time for one step."""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Six cases in nnU-Net form: a bright ball in noise."""
    root = tmp_path_factory.mktemp("Dataset001_Balls")
    for name in ("imagesTr", "labelsTr"):
        (root / name).mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        centre = rng.integers(10, 22, 3)
        k, j, i = np.indices((32, 32, 32))
        ball = (k - centre[0]) ** 2 + (j - centre[1]) ** 2 + (i - centre[2]) ** 2 < 36
        image = (rng.normal(0, 20, ball.shape) + 300 * ball - 600).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(image, np.eye(4)), root / "imagesTr" / f"b_{number:03}_0000.nii.gz")
        nibabel.save(
            nibabel.Nifti1Image(ball.astype(np.uint8), np.eye(4)), root / "labelsTr" / f"b_{number:03}.nii.gz"
        )
    description = {
        "channel_names": {"0": "CT"}, "labels": {"background": 0, "ball": 1}, "numTraining": 6,
        "file_ending": ".nii.gz",
    }  # fmt: skip
    (root / "dataset.json").write_text(json.dumps(description))
    return root


def test_a_data_set_needs_no_recipe(medseg, dataset, tmp_path):
    out = tmp_path / "models" / "balls"
    ran = medseg(
        "train", dataset, "--name", "balls", "--max-minutes", "0.01", "-o", out, "--device", "cpu", "--json"
    )
    assert ran.code == 0, ran.err
    assert ran.document["folder"] == str(out)
    (model,) = [
        m for m in medseg("models", "--models", out.parent, "--json").document if m["name"] == "balls"
    ]
    assert model["labels"] == {"1": "ball"}
    assert model["figures"], "the card holds the figures of the cases kept back"
    image = next((dataset / "imagesTr").iterdir())
    label = tmp_path / "o.nii.gz"
    assert medseg("predict", image, "--model", "balls", "--models", out.parent, "-o", label).code == 0
    measured = medseg("measure", dataset, "--model", out, "--device", "cpu", "--json")
    assert measured.code == 0, measured.err
    assert measured.document["figures"] == measured.document["card"] == model["figures"]
    assert "classes ball dice" in medseg("measure", dataset, "--model", out, "--device", "cpu").out


def test_nothing_to_learn_from_is_exit_2(medseg, tmp_path):
    (tmp_path / "empty").mkdir()
    ran = medseg("train", tmp_path / "empty", "-o", tmp_path / "m")
    assert ran.code == 2
    assert "empty" in ran.err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("name", ["my knee", "../knee", "a+b", "."])
def test_a_name_that_no_model_can_have_is_refused_before_the_first_step(medseg, dataset, tmp_path, name):
    ran = medseg("train", dataset, "--name", name, "-o", tmp_path / "m", "--device", "cpu", "--json")
    assert ran.code == 2
    assert repr(name) in ran.document["error"]["message"]
    assert "another name" in ran.document["error"]["hint"]
    assert "step" not in ran.err
    assert not list(tmp_path.iterdir())


def test_what_is_no_model_is_never_replaced(medseg, dataset, tmp_path):
    folder, file = tmp_path / "results", tmp_path / "notes"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    file.write_text("mine")
    for out in (folder, file):
        ran = medseg("train", dataset, "--max-minutes", "0.01", "-o", out, "--device", "cpu")
        assert ran.code == 2
        assert out.name in ran.err
    assert (folder / "mine.txt").read_text() == file.read_text() == "mine"


def _train(medseg, dataset, out, *words):
    return medseg("train", dataset, "--name", "balls", "-o", out, "--device", "cpu", "--json", *words)


@pytest.fixture
def unmeasured(monkeypatch):
    """Training alone: what the model is worth on all cases takes longer than a step."""
    from medseg_app.training import evaluate, train

    monkeypatch.setattr(train, "settle_score_threshold", lambda *_: 0.5)
    monkeypatch.setattr(evaluate, "evaluate_on", lambda *_, **__: {})


@pytest.mark.usefixtures("unmeasured")
def test_it_starts_from_a_model_by_name_or_by_folder(medseg, dataset, tmp_path, monkeypatch):
    first = tmp_path / "first" / "balls"
    assert _train(medseg, dataset, first, "--max-minutes", SHORT).code == 0
    begun: list[str] = []
    from medseg_app.engines import weights

    load = weights.load_weights
    monkeypatch.setattr(
        weights, "load_weights", lambda net, model: (begun.append(model.path), load(net, model))
    )
    monkeypatch.setenv("MEDSEG_MODELS", str(first.parent))
    for base in ("balls", first):
        assert _train(medseg, dataset, tmp_path / "m", "--max-minutes", SHORT, "--from", base).code == 0
        assert begun[0] == first
        begun.clear()
    for base in ("nothing", tmp_path / "first"):
        ran = _train(medseg, dataset, tmp_path / "n", "--from", base)
        assert ran.code == 2
        assert str(base) in ran.err
        assert not (tmp_path / "n").exists()


def _weights(folder):
    import torch
    from torchvision.models import resnet18

    torch.manual_seed(0)
    torch.save(resnet18(weights=None).state_dict(), folder / "resnet18-x.pth")
    return folder / "resnet18-x.pth"


@pytest.mark.usefixtures("unmeasured", "uncontained")
def test_it_starts_from_weights_of_photographs_and_says_what_it_took(medseg, dataset, tmp_path):
    out = tmp_path / "balls"
    ran = _train(
        medseg, dataset, out, "--task", "instance", "--from", _weights(tmp_path), "--max-minutes", SHORT
    )
    assert ran.code == 0, ran.err
    assert re.search(
        r"note: begun with resnet18-x\.pth: \d+ tensors taken, 2 adapted to the channels", ran.err
    )
    network = json.loads((out / "configs/inference.json").read_text())["network"]
    assert network["name"] == "MaskRCNN"
    assert network["arguments"]["backbone"] == "resnet18"


@pytest.mark.usefixtures("unmeasured")
def test_it_starts_from_a_network_that_transformers_saved(medseg, dataset, tmp_path):
    from tests.engines.saved_transformers import save

    out, words = tmp_path / "balls", ("--from", save(tmp_path / "swin-coco"), "--max-minutes", SHORT)
    ran = _train(medseg, dataset, out, "--task", "instance", *words)
    assert ran.code == 0, ran.err
    assert re.search(r"note: begun with swin-coco/model\.safetensors: \d+ tensors taken, 2 adapted", ran.err)
    card = json.loads((out / "configs/inference.json").read_text())
    assert (card["engine"], card["network"]["name"]) == ("mask2former", "Mask2Former")
    assert card["network"]["arguments"]["depths"] == [1, 1, 2, 1]
    ran = _train(medseg, dataset, tmp_path / "n", "--task", "semantic", *words)
    assert ran.code == 2
    assert "--task instance" in ran.err


@pytest.mark.usefixtures("unmeasured", "uncontained")
def test_a_backbone_is_chosen_without_a_recipe(medseg, dataset, tmp_path):
    out = tmp_path / "balls"
    ran = _train(medseg, dataset, out, "--backbone", "mobilenet", "--max-minutes", SHORT)
    assert ran.code == 0, ran.err
    card = json.loads((out / "configs/inference.json").read_text())
    assert card["task"] == "instance"
    assert card["network"]["arguments"]["backbone"] == "mobilenet"
    for words, said in (
        (["--backbone", "resnet50", "--from", out], "keeps its own backbone"),
        (["--backbone", "resnet50", "--task", "semantic"], "--task instance"),
        (["--backbone", "resnet50", "--from", _weights(tmp_path)], "holds weights of the backbone resnet18"),
        (["--backbone", "resnet999"], "invalid choice"),
    ):
        ran = _train(medseg, dataset, tmp_path / "n", *words)
        assert ran.code == 2
        assert said in ran.err
        assert not (tmp_path / "n").exists()


def test_a_program_under_the_name_of_weights_is_refused(medseg, dataset, tmp_path):
    import torch

    class Planting:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "planted"),))

    path = tmp_path / "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"
    for is_new in (True, False):
        torch.save({"backbone.body.conv1.weight": Planting()}, path, _use_new_zipfile_serialization=is_new)
        ran = _train(medseg, dataset, tmp_path / "n", "--task", "instance", "--from", path)
        assert ran.code == 2
        assert re.search(r"maskrcnn_resnet50_fpn_coco-bf2d0c1e\.pth calls \w+\.mkdir", ran.err)
        assert not (tmp_path / "planted").exists()
        assert not (tmp_path / "n").exists()


@pytest.mark.usefixtures("unmeasured")
def test_without_a_folder_it_goes_to_the_models_of_the_user(medseg, dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path))
    ran = medseg("train", dataset, "--name", "mine", "--max-minutes", SHORT, "--device", "cpu", "--json")
    assert ran.code == 0, ran.err
    assert ran.document == {"model": "mine", "folder": str(tmp_path / "data" / "models" / "mine")}
    assert "mine" in [model["name"] for model in medseg("models", "--json").document]


@pytest.mark.usefixtures("unmeasured")
def test_an_interrupt_keeps_the_steps_for_resume(dataset, tmp_path, medseg):
    out = tmp_path / "balls"
    command = [
        sys.executable, "-m", "medseg_app", "train", str(dataset), "--name", "balls", "-o", str(out),
        "--device", "cpu", "--max-minutes", "30",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert any(re.search(r"step [1-9]", line) for line in process.stderr)
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=120)[1]
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    assert "--resume" in rest
    assert [path.name for path in tmp_path.iterdir()] == [".balls.checkpoint"]
    ran = _train(medseg, dataset, out, "--resume", "--max-minutes", SHORT)
    assert ran.code == 0, ran.err
    assert not re.search(r"step 0,", ran.err)
    assert [path.name for path in tmp_path.iterdir()] == ["balls"]


def test_a_model_stands_under_its_name_only_when_it_is_finished(medseg, dataset, tmp_path, monkeypatch):
    from medseg_app.core.errors import Cancelled
    from medseg_app.training import evaluate

    def interrupted(*_: object, **__: object) -> object:
        raise Cancelled

    out = tmp_path / "balls"
    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "evaluate_on", interrupted)
        assert _train(medseg, dataset, out, "--max-minutes", SHORT).code == 130
    assert [path.name for path in tmp_path.iterdir()] == [".balls.checkpoint"]
    first = (tmp_path / ".balls.checkpoint").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "evaluate_on", interrupted)
        anew = _train(medseg, dataset, out, "--max-minutes", SHORT)
    assert f"rename {tmp_path / '.balls.checkpoint.1'} to .balls.checkpoint" in anew.err
    assert (tmp_path / ".balls.checkpoint.1").read_bytes() == first, "hours may be in it"
    ran = _train(medseg, dataset, out, "--max-minutes", SHORT, "--resume")
    assert ran.code == 0, ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["balls"]
    finished = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    monkeypatch.setattr(evaluate, "evaluate_on", interrupted)
    assert _train(medseg, dataset, out, "--max-minutes", SHORT).code == 130
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == finished


def test_a_full_disk_is_exit_1_and_keeps_the_checkpoint(medseg, dataset, tmp_path, monkeypatch):
    from medseg_app.engines import model_folder_writer

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(model_folder_writer, "_fill", full)
    ran = _train(medseg, dataset, tmp_path / "balls", "--max-minutes", SHORT)
    assert ran.code == 1
    assert "No space" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == [".balls.checkpoint"]


@pytest.mark.usefixtures("unmeasured")
def test_a_second_training_into_the_same_folder_is_refused(medseg, dataset, tmp_path):
    out = tmp_path / "balls"
    with FileLock(tmp_path / ".balls.lock"):
        ran = medseg("train", dataset, "-o", out, "--max-minutes", SHORT, "--device", "cpu")
    assert ran.code == 2
    assert "Another training is writing" in ran.err
    assert medseg("train", dataset, "-o", out, "--max-minutes", SHORT, "--device", "cpu").code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"balls"}
