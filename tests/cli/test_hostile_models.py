"""Hostile models by the front door, `medseg models --import`: refused in words, and nothing of them stays."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from medseg_app.app.folders import Folders
from tests.engines.foreign.made_bundle_code import write_code_bundle
from tests.engines.foreign.made_bundles import config, write_bundle
from tests.engines.foreign.made_onnx import ANY, convolution, external_tensor, model
from tests.engines.foreign.made_pickles import Planting as PlantingPickle
from tests.engines.foreign.made_programs import CARD, Planting, write_program
from tests.engines.foreign.made_results import plans, write_results
from tests.engines.tiny_models import write_tiny_model

Make = Callable[[Path, Path], Path]
"""Folder for the model, file that it tries to plant -> what is imported."""


def _pickle_in_a_bundle(folder: Path, plant: Path) -> Path:
    bundle = write_bundle(folder / "b", weights="model.pt")
    torch.save({"w": torch.ones(2), "x": PlantingPickle(plant)}, bundle / "models/model.pt")
    return bundle


def _pickle_in_results(folder: Path, plant: Path) -> Path:
    results = write_results(folder)
    torch.save({"network_weights": PlantingPickle(plant)}, results / "fold_0/checkpoint_final.pth")
    return results


def _expression(folder: Path, plant: Path) -> Path:
    changed = config()
    changed["network_def"] = f"$open({str(plant)!r}, 'w')"
    return write_bundle(folder / "b", changed)


def _target(folder: Path, plant: Path) -> Path:
    changed = config()
    changed["network_def"] = {"_target_": "pathlib.Path.touch", "self": str(plant)}
    return write_bundle(folder / "b", changed)


def _own_class(folder: Path, plant: Path) -> Path:
    return write_code_bundle(folder / "b", source=f"open({str(plant)!r}, 'w').close()")


def _foreign_class(folder: Path, plant: Path) -> Path:
    changed = plans()
    changed["configurations"]["3d_fullres"]["architecture"]["network_class_name"] = "pathlib.Path.touch"
    return write_results(folder, changed)


def _zip_slip(folder: Path, plant: Path) -> Path:
    path = folder / "model.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(f"../{plant.name}", "planted")
        out.writestr("configs/metadata.json", json.dumps({}))
    return path


def _changed_hash(folder: Path, _: Path) -> Path:
    path = write_tiny_model(folder / "tiny", "unet").path
    weights = path / "models/model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    return path


def _weights_elsewhere(folder: Path, plant: Path) -> Path:
    path = folder / "net.onnx"
    path.write_bytes(model([convolution()], [external_tensor("w", (2, 1, 3, 3, 3), str(plant))], ANY, 2))
    path.with_suffix(".toml").write_text(CARD)
    return path


def _program(folder: Path, plant: Path) -> Path:
    return write_program(folder / "net.ts", Planting(str(plant)))


HOSTILE: dict[str, tuple[Make, str]] = {
    "pickle in a bundle": (_pickle_in_a_bundle, "model.pt calls"),
    "pickle in results of nnU-Net": (_pickle_in_results, "checkpoint_final.pth calls"),
    "$ in a bundle": (_expression, "network_def"),
    "_target_ in a bundle": (_target, "pathlib.Path.touch"),
    "own class in a bundle": (_own_class, "scripts.net.MyNet"),
    "class in plans of nnU-Net": (_foreign_class, "pathlib.Path.touch"),
    "zip-slip": (_zip_slip, "lead out"),
    "changed weights": (_changed_hash, "model.safetensors was changed"),
    "ONNX with weights elsewhere": (_weights_elsewhere, "other files"),
    "TorchScript without consent": (_program, "net.ts is TorchScript"),
}


SPECIAL = (
    "net.onnx",
    "net.zip",
    "net.pth",
    "tiny/configs/inference.json",
    "tiny/SHA256SUMS",
    "tiny/docs/more",
)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", SPECIAL)
def test_nobody_waits_at_a_pipe_that_stands_for_a_file(name: str, medseg, tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "tiny", "unet").path if "/" in name else tmp_path / name
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    ran = medseg("models", "--import", model, "--json")
    assert ran.code == 2, ran.err
    assert str(model) in ran.document["error"]["message"]
    trained = medseg("train", tmp_path, "--from", model)
    assert trained.code == 2, trained.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
@pytest.mark.timeout(60)
def test_a_list_of_models_does_not_wait_at_a_pipe(medseg, tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny", "unet").path
    (folder / "SHA256SUMS").unlink()
    os.mkfifo(folder / "SHA256SUMS")
    ran = medseg("models", "--models", tmp_path)
    assert ran.code == 0, ran.err
    assert "SHA256SUMS" in ran.err


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_is_refused_and_nothing_of_it_stays(name: str, medseg, tmp_path: Path) -> None:
    make, said = HOSTILE[name]
    folder, plant = tmp_path / "theirs", tmp_path / "planted"
    folder.mkdir()
    path = make(folder, plant)
    ran = medseg("models", "--import", path, "--json")
    assert ran.code == 2, ran.err
    assert said in ran.document["error"]["message"]
    assert ran.document["error"]["hint"]
    assert {entry.name for entry in tmp_path.iterdir()} == {"theirs"}
    mine = Folders.of_user().models
    assert not mine.exists() or not list(mine.iterdir())
