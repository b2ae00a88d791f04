"""A training of findings begins with a network that transformers saved, and says what it took of it."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import torch

from medseg_app.app.train import HowToTrain, train_model
from medseg_app.core.errors import Cancelled, ModelError, WrongUse
from medseg_app.engines.foreign.saved_transformer import find_saved_transformer
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.networks import build_network
from medseg_app.engines.weights import load_weights
from medseg_app.training.first_network import first_network
from medseg_app.training.mask2former_recipe import begun_with_transformer
from medseg_app.training.recipe import read_recipe
from tests.engines.foreign.made_pickles import Planting
from tests.engines.saved_transformers import save
from tests.training.tiny import write_cases, write_recipe


@pytest.fixture(scope="module")
def coco(tmp_path_factory):
    return save(tmp_path_factory.mktemp("saved") / "swin-coco")


@pytest.fixture
def path(tmp_path):
    write_cases(tmp_path / "data")
    return write_recipe(tmp_path / "data", "instance", 1)


def test_the_network_follows_from_the_description(path, coco):
    recipe = read_recipe(path)
    begun = begun_with_transformer(recipe, find_saved_transformer(coco))
    assert (begun.engine, begun.network.name) == ("mask2former", "Mask2Former")
    assert (
        begun.network.arguments.items()
        >= {"in_channels": 3, "num_classes": 3, "depths": [1, 1, 2, 1]}.items()
    )
    assert begun.start_from == coco / "model.safetensors"
    assert (begun.training.learning_rate, begun.training.weight_decay) == (1e-4, 0.05)
    own = begun_with_transformer(replace(recipe, engine="mask2former"), find_saved_transformer(coco))
    assert own.training == recipe.training  # what a recipe for this network says is kept
    network, beginning = first_network(begun)
    assert network.net.class_predictor.out_features == 3
    assert beginning.file == "swin-coco/model.safetensors"


@pytest.mark.parametrize("given", ["folder", "file"])
def test_the_model_folder_tells_what_it_began_with(path, coco, tmp_path, given):
    base = coco if given == "folder" else coco / "model.safetensors"
    text = path.read_text().replace("learning_rate = 1e-3", "learning_rate = 0.0\nhalf = false")
    path.write_text(text.replace('"mask_rcnn"', '"mask2former"') + "[thresholds]\nmin_score = 0.5\n")
    out = train_model(path, HowToTrain(base=str(base), device="cpu", output=tmp_path / "m"))
    folder = read_model_folder(out)
    assert folder.card.trained.endswith("2 adapted to the channels, 3 begin afresh, 3 of the file not used")
    document = (out / "docs/beginning.txt").read_text()
    assert document.startswith("begun with swin-coco/model.safetensors: ")
    stem = "  net.model.pixel_level_module.encoder.net.swin.embeddings.patch_embeddings.projection.weight\n"
    assert stem in document.partition("adapted to the channels:\n")[2].partition("begin afresh:\n")[0]
    network = build_network(folder.card.network)
    load_weights(network, folder)
    first, _ = first_network(begun_with_transformer(read_recipe(path), find_saved_transformer(base)))
    kept = [name for name in first.state_dict() if "class_predictor" not in name]
    assert all(torch.equal(network.state_dict()[name], first.state_dict()[name]) for name in kept)


def test_what_is_said_of_the_data_counts(tmp_path, coco, monkeypatch):
    write_cases(tmp_path / "data")
    begun = []

    def train_into(recipe, *_, **__):
        begun.append(recipe)
        raise Cancelled

    monkeypatch.setattr("medseg_app.training.train.train_into", train_into)
    how = HowToTrain(base=str(coco), device="cpu", output=tmp_path / "m", modality="MR", absent="unknown")
    with pytest.raises(Cancelled):
        train_model(tmp_path / "data", how)
    assert (begun[0].modality, begun[0].source.absent) == (("MR",), "unknown")


def test_what_does_not_belong_together_is_refused(path, coco, tmp_path):
    def refused(error, words, base=coco, recipe=path, **how):
        with pytest.raises(error, match=words) as caught:
            train_model(recipe, HowToTrain(base=str(base), device="cpu", output=tmp_path / "m", **how))
        assert not (tmp_path / "m").exists()
        return caught.value

    refused(WrongUse, "keeps its own backbone", backbone="resnet50")
    semantic = write_recipe(path.parent, "semantic", 1)
    assert "--task instance" in refused(WrongUse, "gives a class to every voxel", recipe=semantic).hint
    other = shutil.copytree(coco, tmp_path / "other")
    (other / "config.json").write_text('{"model_type": "bert"}')
    assert "Swin" in refused(ModelError, "cannot begin with .*other.* of the kind bert", base=other).hint
    (other / "config.json").write_text("{")
    refused(ModelError, "not a valid JSON file", base=other)
    shutil.copy(coco / "model.safetensors", tmp_path / "alone.safetensors")
    assert "config.json" in refused(ModelError, "cannot begin with", base=tmp_path / "alone.safetensors").hint


def test_a_hostile_pickle_is_refused_and_plants_nothing(path, coco, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    shutil.copy(coco / "config.json", folder)
    torch.save({"class_predictor.weight": Planting(tmp_path / "planted")}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"cannot begin with .*bin"):
        begun_with_transformer(read_recipe(path), find_saved_transformer(folder))
    assert not (tmp_path / "planted").exists()
