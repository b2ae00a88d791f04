"""Weights leave a checkpoint as numbers; whatever else it holds is refused by name and never runs."""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load

from medseg_app.core.errors import ModelError
from medseg_app.engines.foreign.checkpoint_file import copy_numbers, kind_of
from medseg_app.engines.foreign.sandbox import run_contained
from medseg_app.engines.foreign.weight_file import checkpoint_weights, read_weight_file

from .made_pickles import Planting


def _saved(path: Path, what: object) -> Path:
    torch.save(what, path)
    return path


def _tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    shared = torch.randn(3, 4)
    return {
        "a.weight": shared,
        "a.alias": shared,
        "b.turned": torch.randn(4, 5).T,
        "c.half": torch.randn(2).half(),
        "d.count": torch.tensor(7),
    }


@pytest.mark.usefixtures("uncontained")
@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_tensors_come_out_as_they_went_in(kind: type, tmp_path: Path) -> None:
    given = _tensors()
    found = load(checkpoint_weights(_saved(tmp_path / "m.pt", kind(given))))
    assert set(found) == set(given) - {"a.alias"}  # the same tensor under a second name
    for name, tensor in found.items():
        assert tensor.dtype == given[name].dtype
        assert torch.equal(tensor, given[name])


@pytest.mark.usefixtures("uncontained")
def test_parameters_are_tensors_too(tmp_path: Path) -> None:
    path = _saved(tmp_path / "m.pt", {"w": torch.nn.Parameter(torch.ones(2))})
    assert torch.equal(load(checkpoint_weights(path))["w"], torch.ones(2))


def test_an_entry_of_a_training_checkpoint_is_taken_alone(tmp_path: Path) -> None:
    training = {"weights": {"w": torch.ones(2)}, "loss": np.float64(0.5), "epoch": 3}
    path = _saved(tmp_path / "m.pt", training)
    assert list(load(checkpoint_weights(path, "weights"))) == ["w"]


def test_a_program_in_the_pickle_is_refused_by_its_name_and_never_runs(tmp_path: Path) -> None:
    place = tmp_path / "planted"
    path = _saved(tmp_path / "m.pt", {"w": torch.ones(2), "x": Planting(place)})
    with pytest.raises(
        ModelError, match=r"m\.pt calls pathlib\S*\.Path\S*|m\.pt calls \w+\.getattr"
    ) as caught:
        checkpoint_weights(path)
    assert caught.value.hint
    assert not place.exists()
    torch.load(path, weights_only=False)  # the trap is a real one
    assert place.exists()


def test_the_child_refuses_it_as_well_if_it_gets_that_far(tmp_path: Path) -> None:
    place = tmp_path / "planted"
    path = _saved(tmp_path / "m.pt", {"x": Planting(place)})
    with pytest.raises(ModelError, match="cannot be converted"):
        run_contained("weights", path, lambda target: target.write_bytes(path.read_bytes()), {})
    assert not place.exists()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_any_protocol_of_pickle_is_refused(protocol: int, tmp_path: Path) -> None:
    place = tmp_path / "planted"
    path = tmp_path / "m.pt"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("m/data.pkl", pickle.dumps({"x": Planting(place)}, protocol))
        out.writestr("m/version", "3\n")
    with pytest.raises(ModelError, match="calls|instruction"):
        checkpoint_weights(path)
    assert not place.exists()


def _old(path: Path, what: object) -> Path:
    """As torch saved before 1.6, and torchvision's first COCO weights are."""
    torch.save(what, path, _use_new_zipfile_serialization=False)
    return path


@pytest.mark.usefixtures("uncontained")
def test_files_from_before_torch_1_6_are_read_as_well(tmp_path: Path) -> None:
    given = OrderedDict(_tensors())
    found = read_weight_file(_old(tmp_path / "m.pth", given))
    assert set(found) == set(given) - {"a.alias"}
    assert all(torch.equal(tensor, given[name]) for name, tensor in found.items())


@pytest.mark.parametrize("place", ["table", "pickle behind it"])
def test_a_program_in_an_old_file_is_refused_and_never_runs(place: str, tmp_path: Path) -> None:
    planted, path = tmp_path / "planted", tmp_path / "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"
    if place == "table":
        _old(path, {"w": torch.ones(2), "x": Planting(planted)})
    else:
        _old(path, {"w": torch.ones(2)})
        head, _, _ = path.read_bytes().rpartition(b"\x80\x02")  # where the last pickle begins
        path.write_bytes(head + pickle.dumps(Planting(planted), 2))
    with pytest.raises(ModelError, match="calls|instruction"):
        read_weight_file(path)
    assert not planted.exists()


def _old_and_cut_short(path: Path) -> None:
    _old(path, {"w": torch.ones(2)})
    path.write_bytes(path.read_bytes()[:-40])


def _two_pickles(path: Path) -> None:
    _saved(path, {"w": torch.ones(2)})
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as out:
        out.writestr("m/data.pkl", pickle.dumps(Planting(path)))


def _pickle_cut_short(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("m/data.pkl", pickle.dumps({"a": 1}, 2)[:-3])


BAD: dict[str, tuple[Any, str]] = {
    "old and cut short": (_old_and_cut_short, "damaged"),
    "text": (lambda p: p.write_text("no"), "not a checkpoint that torch wrote"),
    "two pickles": (_two_pickles, "not a checkpoint that torch wrote"),
    "cut short": (_pickle_cut_short, "damaged"),
    "whole module": (lambda p: _saved(p, torch.nn.Linear(2, 2)), "calls torch.nn.modules"),
    "not a table": (lambda p: _saved(p, [torch.ones(2)]), "not a table of weights"),
    "empty": (lambda p: _saved(p, {}), "not a table of weights"),
    "nested": (lambda p: _saved(p, {"model": {"w": torch.ones(2)}}), "'model' is no plain tensor"),
    "number among them": (
        lambda p: _saved(p, {"w": torch.ones(2), "epoch": 3}),
        "'epoch' is no plain tensor",
    ),
    "sparse": (lambda p: _saved(p, {"w": torch.eye(3).to_sparse()}), "_rebuild_sparse_tensor"),
    "endless": (lambda p: _saved(p, {"w": torch.zeros(1).expand(10**12)}), "claim more space"),
}


@pytest.mark.usefixtures("uncontained")
@pytest.mark.parametrize("name", BAD)
def test_other_files_are_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    make, words = BAD[name]
    make(tmp_path / "m.pt")
    with pytest.raises(ModelError, match=words) as caught:
        checkpoint_weights(tmp_path / "m.pt")
    assert "m.pt" in caught.value.message
    assert caught.value.hint


def test_the_copy_holds_nothing_that_was_not_looked_at(tmp_path: Path) -> None:
    path = _saved(tmp_path / "m.pt", {"w": torch.ones(2)})
    with zipfile.ZipFile(path, "a") as out:
        out.writestr("m/code/evil.py", "import os")
        out.writestr("m/data/0/../1", "x")
    copy_numbers(path, tmp_path / "copy")
    with zipfile.ZipFile(tmp_path / "copy") as copy:
        assert {name.partition("/")[2] for name in copy.namelist()} == {
            "data.pkl",
            "data/0",
            "version",
            "byteorder",
        }
    assert torch.equal(torch.load(tmp_path / "copy", weights_only=True)["w"], torch.ones(2))


def test_what_a_file_is_can_be_told_from_its_names(tmp_path: Path) -> None:
    assert kind_of(_saved(tmp_path / "m.pt", {"w": torch.ones(1)})) == "checkpoint"
    (tmp_path / "t").write_text("no")
    assert kind_of(tmp_path / "t") == "neither"
