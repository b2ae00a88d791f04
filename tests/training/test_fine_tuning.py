"""Training goes on from a model, with images and classes that are not those it was made for."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from medseg_app.app.train import HowToTrain, remarks_of, train_model
from medseg_app.core.errors import ModalityError, WrongUse
from medseg_app.engines.model_card import LabelClass, ModelGrid, Network
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.network_steps import fitting_patch
from medseg_app.engines.networks import build_network
from medseg_app.engines.predict import predict
from medseg_app.training.curves import CurvePoint
from medseg_app.training.dataset import find_cases, read_case
from medseg_app.training.fine_tuning import begun_from, replanned
from medseg_app.training.fingerprint import recipe_for
from medseg_app.training.first_network import first_network
from medseg_app.training.model_output import Effort, write_trained_model
from medseg_app.training.recipe import Loss, Training, read_recipe
from medseg_app.training.train import run_training
from tests.training.tiny import write_recipe

DEEP = Network(
    "DynUNet",
    {
        "spatial_dims": 3, "in_channels": 1, "out_channels": 2, "kernel_size": [3] * 5,
        "strides": [1, 2, 2, 2, 2], "upsample_kernel_size": [2] * 4, "filters": [4, 4, 4, 4, 4],
    },
)  # fmt: skip
FLAT = Network(
    "UNet",
    {"spatial_dims": 2, "in_channels": 1, "out_channels": 2, "channels": [4, 8, 8], "strides": [2, 2]},
)
SLIM = Network(
    "MaskRCNNSlim",
    {"in_channels": 1, "num_classes": 2, "width": 16, "stages": 2, "anchor_sizes": [8, 16, 24]},
)
FAMILIES = {
    "mask_rcnn": SLIM,
    "yolact": Network("Yolact", {"in_channels": 1, "num_classes": 2, "width": 16}),
    "mask2former": Network(
        "Mask2Former",
        {
            "in_channels": 1, "num_classes": 2, "width": 32, "body_width": 8, "backbone": "resnet",
            "decoder_layers": 2, "queries": 4,
        },
    ),
    "detr": Network(
        "RtDetr",
        {
            "in_channels": 1, "num_classes": 2, "width": 32, "body_width": 8, "decoder_layers": 2,
            "queries": 4,
        },
    ),
}  # fmt: skip


def write_set(folder, labels, shape=(12, 40, 36), spacing=(6.0, 1.0, 1.0), modality="CT", values=None):
    """Five cases in nnU-Net's form, each with a block of 5 x 8 x 8 voxels per value."""
    import SimpleITK

    values = values or tuple(labels.values()) or (1,)
    for number in range(5):
        truth = np.zeros(shape, np.uint8)
        for place, value in enumerate(values):
            truth[2:7, 3 + 12 * place : 11 + 12 * place, 4 + number : 12 + number] = value
        image = np.random.default_rng(number).normal(0, 20, shape) + 100 * (truth > 0)
        image[:, 0] = -1000 if modality == "CT" else 0
        files = {
            f"imagesTr/p{number}_0000.nii.gz": image.astype(np.int16), f"labelsTr/p{number}.nii.gz": truth
        }  # fmt: skip
        for name, voxels in files.items():
            written = SimpleITK.GetImageFromArray(voxels)
            written.SetSpacing(spacing[::-1])
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            SimpleITK.WriteImage(written, str(folder / name))
    described = {"channel_names": {"0": modality}, "labels": {"background": 0, **labels}}
    (folder / "dataset.json").write_text(json.dumps(described))
    return folder


def base(folder, network=DEEP, engine="unet", names=("Block",), modality="CT", grid=None):
    """A model folder with random weights."""
    kind = "semantic" if engine == "unet" else "instance"
    channel = {"kind": "window", "low": -200, "high": 200} if modality == "CT" else {"kind": "zscore"}
    word = "out_channels" if engine == "unet" else "num_classes"
    (folder.parent / "recipes").mkdir(exist_ok=True)
    recipe = replace(
        read_recipe(write_recipe(folder.parent / "recipes", kind)),
        name=folder.name, engine=engine, modality=(modality,),
        labels={value: LabelClass(name, (value, 9, 9), kind) for value, name in enumerate(names, 1)},
        network=replace(network, arguments={**network.arguments, word: len(names) + 1}),
        preprocessing={"channels": {modality: [channel]}},
        grid=grid or ModelGrid("SPL", (2.0, 2.0, 2.0)),
        thresholds={"min_score": 0.5},
        training=replace(read_recipe(folder.parent / "recipes" / f"{kind}.toml").training, half=False),
    )  # fmt: skip
    torch.manual_seed(3)
    built = build_network(recipe.network)
    write_trained_model(recipe, built, folder, Effort([CurvePoint(1, 1.0, 1e-3, 1.0)], "cpu"))
    return folder


def begun(data, model, task):
    return replanned(begun_from(recipe_for(data, task), read_model_folder(model)))


def short(recipe):
    return replace(recipe, training=replace(recipe.training, steps=1, batch=1, precision="float32"))


@pytest.mark.parametrize(
    ("network", "patch", "fitting"),
    [
        (DEEP, (20, 128, 128), (32, 128, 128)),
        (DEEP, (5, 9, 16), (16, 32, 32)),  # one voxel at the deepest level has no norm
        (replace(DEEP, arguments={"strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]]}), (5, 9, 16), (6, 12, 16)),
        (Network("NnUNet", {"levels": {"strides": [[1, 1, 1], [1, 2, 2]]}}), (5, 9, 16), (5, 10, 16)),
        (Network("BasicUNet", {}), (33, 9, 16), (64, 32, 32)),
        (FLAT, (5, 9, 16), (5, 12, 16)),
        (Network("UNet2015", {}), (3, 60, 70), (3, 252, 284)),
    ],
)
def test_patches_grow_to_what_a_network_takes(network, patch, fitting):
    assert fitting_patch(network, patch) == fitting


@pytest.mark.parametrize("network", [DEEP, FLAT])
@pytest.mark.parametrize(
    ("shape", "spacing", "modality"),
    [((8, 70, 66), (6.0, 1.0, 1.0), "CT"), ((24, 14, 14), (1.0, 1.0, 1.0), "MR")],
    ids=["thick slices", "small MR"],
)
def test_images_of_another_plan_teach_a_voxelwise_model(tmp_path, network, shape, spacing, modality):
    data = write_set(tmp_path / "data", {"Block": 1}, shape, spacing, modality)
    recipe = begun(data, base(tmp_path / "model", network, modality=modality), "semantic")
    out = run_training(short(recipe), tmp_path / "tuned")
    volume, _ = find_cases(recipe).validation[0].read()
    assert predict(replace(volume, modality=modality), read_model_folder(out), device="cpu") is not None


def test_a_patch_is_planned_for_the_images_in_the_frame_of_the_model(tmp_path):
    """8 x 70 x 66 voxels of 6 x 1 x 1 mm are 24 x 35 x 33 of 2 mm."""
    data = write_set(tmp_path / "data", {"Block": 1}, (8, 70, 66))
    assert begun(data, base(tmp_path / "a"), "semantic").training.patch == (32, 48, 48)
    tiled = base(tmp_path / "b", grid=ModelGrid("SPL", (2.0, 2.0, 2.0), tile=(32, 64, 64)))
    assert begun(data, tiled, "semantic").training.patch == (32, 64, 64)


@pytest.mark.parametrize("engine", FAMILIES)
@pytest.mark.parametrize("names", [("block",), ("Tumour", "Cyst")], ids=["same", "other"])
def test_images_of_another_plan_teach_every_family_of_findings(tmp_path, engine, names):
    data = write_set(tmp_path / "data", {"Block": 1}, (5, 30, 22), (1.0, 1.0, 1.0), "MR")
    model = base(tmp_path / "model", FAMILIES[engine], engine, names, "MR")
    recipe = replace(short(begun(data, model, "instance")), thresholds={"min_score": 0.5})
    out = read_model_folder(run_training(recipe, tmp_path / "tuned"))
    assert [label.name.casefold() for label in out.card.labels.values()] == ["block"]
    volume, _ = find_cases(recipe).validation[0].read()
    assert predict(replace(volume, modality="MR"), out, device="cpu") is not None


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_classes_are_told_by_their_names(tmp_path, task):
    network, engine = (DEEP, "unet") if task == "semantic" else (SLIM, "mask_rcnn")
    data = write_set(tmp_path / "data", {"vessel": 1, "Oesophageal tumour": 2})
    model = base(tmp_path / "model", network, engine, ("esophageal_tumor", "Node", "Vessel"))
    recipe = begun(data, model, task)
    assert recipe.labels == read_model_folder(model).card.labels
    assert recipe.source.values == {1: 3, 2: 1}
    case = read_case(find_cases(recipe).train[0], recipe)
    assert case.annotated == {1, 3}, "nobody looked for nodes"
    kinds = case.classes or {1: 1, 3: 3}
    assert {kinds[int(value)] for value in np.unique(case.labels[case.labels > 0])} == {1, 3}
    (note,) = recipe.notes
    assert "Node of model: not in the data set" in note


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_new_classes_get_a_head_of_their_own(tmp_path, task):
    network, engine = (DEEP, "unet") if task == "semantic" else (SLIM, "mask_rcnn")
    data = write_set(tmp_path / "data", {"Vessel": 1, "Tumour": 2})
    model = base(tmp_path / "model", network, engine, ("Tumour", "Node"))
    recipe = begun(data, model, task)
    assert [recipe.labels[value].name for value in (1, 2)] == ["Vessel", "Tumour"]
    assert recipe.notes == (
        "Vessel: new to model, so the layers that tell classes apart learn anew",
        "Node of model: not in the data set, no class of the new model",
    )
    before = build_network(read_model_folder(model).card.network)
    from medseg_app.engines.weights import load_weights

    load_weights(before, read_model_folder(model))
    torch.manual_seed(9)
    own, old = first_network(replace(recipe, loss=Loss()))[0].state_dict(), before.state_dict()
    differing = {name for name in own if not torch.equal(own[name], old[name])}
    if task == "instance":
        assert differing
        assert all("predictor" in name for name in differing)
        assert "min_score" not in recipe.thresholds
    else:
        head = "output_block.conv.conv.weight"
        assert all(name.startswith("output_block") or "super_head" in name for name in differing)
        assert torch.equal(own[head][2], old[head][1]), "what is known of tumours is kept"
        assert torch.equal(own[head][0], old[head][0])
        assert not torch.equal(own[head][1], old[head][2])


def test_the_remarks_are_told_and_stand_on_the_card(tmp_path):
    data = write_set(tmp_path / "data", {"Vessel": 1})
    recipe = short(begun(data, base(tmp_path / "model"), "semantic"))
    told: list[str] = []
    out = run_training(recipe, tmp_path / "tuned", progress=lambda _, text="": told.append(text))
    assert remarks_of(out) == recipe.notes
    card = read_model_folder(out).card
    assert all(note in told and note in card.data for note in recipe.notes)
    assert "begun with model 1" in card.data


def pairs(folder, values=(1,)):
    """The same images without names for their values."""
    write_set(folder / "named", {}, values=values)
    for number in range(5):
        for name, target in (("imagesTr/p{}_0000", "image"), ("labelsTr/p{}", "mask")):
            source = folder / "named" / f"{name.format(number)}.nii.gz"
            source.rename(folder / f"p{number}_{target}.nii.gz")
    return folder


def test_without_names_a_value_is_the_class_of_that_value(tmp_path):
    data = pairs(tmp_path / "data", (2,))
    recipe = begun(data, base(tmp_path / "model", names=("Block", "Rod")), "semantic")
    assert recipe.source.values == {2: 2}
    assert recipe.notes[0] == "the data set names no classes: 2 as Rod of model"
    with pytest.raises(WrongUse, match="names no classes") as refused:
        begun(data, base(tmp_path / "one"), "semantic")
    assert "dataset.json" in refused.value.hint


def test_findings_without_names_are_of_the_only_class(tmp_path):
    data = pairs(tmp_path / "data", (1, 2))
    recipe = begun(data, base(tmp_path / "model", SLIM, "mask_rcnn", ("Tumour",)), "instance")
    case = read_case(find_cases(recipe).train[0], recipe)
    assert case.classes == {1: 1, 2: 1}
    assert "its findings as Tumour" in recipe.notes[-1]
    with pytest.raises(WrongUse, match="1 A, 2 B"):
        begun(data, base(tmp_path / "two", SLIM, "mask_rcnn", ("A", "B")), "instance")


def test_another_modality_is_refused_with_a_way_out(tmp_path):
    data = write_set(tmp_path / "data", {"Block": 1}, modality="MR")
    with pytest.raises(ModalityError, match="images are MR") as refused:
        begun(data, base(tmp_path / "model"), "semantic")
    assert "Start from a model that reads MR" in refused.value.hint


def test_a_network_that_cannot_be_given_other_classes_is_refused(tmp_path):
    data = write_set(tmp_path / "data", {"Vessel": 1})
    folder = read_model_folder(base(tmp_path / "model"))
    arguments = {**folder.card.network.arguments, "out_channels": 5}  # spare channels, as bundles have them
    spare = replace(folder.card, network=replace(folder.card.network, arguments=arguments))
    with pytest.raises(WrongUse, match="cannot be given other classes"):
        begun_from(recipe_for(data), replace(folder, card=spare))


def test_a_recipe_keeps_its_patch_where_the_network_takes_it(tmp_path):
    data = write_set(tmp_path / "data", {"Block": 1})
    folder = read_model_folder(base(tmp_path / "model"))
    own = replace(recipe_for(data), training=Training(5, 1, (33, 48, 64), 1e-3, (16, 20, 16)))
    training = begun_from(own, folder).training
    assert (training.patch, training.first_patch) == ((48, 48, 64), (16, 32, 16))


def test_the_command_goes_on_from_a_model_of_another_plan(tmp_path):
    data = write_set(tmp_path / "data", {"block": 1}, (8, 70, 66))
    how = HowToTrain(
        base=str(base(tmp_path / "model")), max_minutes=0.001, device="cpu", output=tmp_path / "o"
    )
    out = read_model_folder(train_model(data, how))
    assert out.card.labels[1].name == "Block"
    assert out.card.figures["patients"] == 1
