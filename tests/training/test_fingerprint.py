"""A data set without a recipe: layouts, modality, classes, and that the recipe trains."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from medseg_app.core.errors import InputError
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.training.dataset import find_cases
from medseg_app.training.fingerprint import recipe_for
from medseg_app.training.mask_rcnn_recipe import with_backbone
from medseg_app.training.train import run_training
from tests.training.tiny import SHAPE, write_cases, write_image

DESCRIPTION = {
    "channel_names": {"0": "CT"},
    "labels": {"background": 0, "Block": 1, "Rod": 2},
    "numTraining": 5,
}


def nnunet(folder):
    write_cases(folder / "flat", 5)
    for number in range(5):
        for name, target in (("image", "imagesTr/p{}_0000.nii.gz"), ("mask", "labelsTr/p{}.nii.gz")):
            path = folder / target.format(number)
            path.parent.mkdir(exist_ok=True)
            (folder / "flat" / f"p{number}_{name}.nii.gz").rename(path)
    (folder / "dataset.json").write_text(json.dumps(DESCRIPTION))
    return folder


def test_nnunet_layout(tmp_path):
    recipe = recipe_for(nnunet(tmp_path))
    assert (recipe.task, recipe.engine, recipe.modality) == ("semantic", "unet", ("CT",))
    assert {value: label.name for value, label in recipe.labels.items()} == {1: "Block", 2: "Rod"}
    assert recipe.grid.spacing_mm == pytest.approx((3.0, 1.0, 1.0))
    (window,) = recipe.preprocessing["channels"]["CT"]
    assert window["low"] < 100
    assert window["high"] > 380
    split = find_cases(recipe)
    assert (len(split.train), len(split.validation)) == (4, 1)


@pytest.mark.parametrize(
    ("names", "modality", "kind"),
    [
        ({"channel_names": {"0": "PET"}}, "PT", "percentiles"),
        ({"channel_names": {"0": "T1w"}}, "MR", "percentiles"),
        ({"modality": {"0": "MRI"}}, "MR", "percentiles"),
        ({"channel_names": {"0": "CT"}}, "CT", "window"),
        ({"channel_names": {"0": "noNorm"}}, "MR", "percentiles"),  # told by the values
    ],
)
def test_a_data_set_says_its_modality(tmp_path, names, modality, kind):
    """The images are a CT of soft tissue alone: nothing in them is as dark as air."""
    nnunet(tmp_path)
    for path in (tmp_path / "imagesTr").iterdir():
        write_image(path, np.full(SHAPE, 40, np.int16))
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": DESCRIPTION["labels"], **names}))
    recipe = recipe_for(tmp_path)
    assert recipe.modality == (modality,)
    assert {reference.modality for reference in find_cases(recipe).train} == {modality}
    assert recipe.preprocessing["channels"][modality][0]["kind"] == kind


def test_the_recipe_trains(tmp_path):
    recipe = recipe_for(nnunet(tmp_path))
    short = replace(recipe.training, steps=1, patch=(32, 32, 32), first_patch=None)
    out = run_training(replace(recipe, training=short), tmp_path / "model")
    assert (out / "models/model.safetensors").exists()
    assert read_model_folder(out).card.grid.patch == (32, 32, 32)


def test_pairs_in_patient_folders_of_mr_findings(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(5):
        (tmp_path / f"p{number}").mkdir()
        mask = np.zeros((10, 24, 24), np.uint8)
        mask[3:7, 8:16, 8:16] = 1
        write_image(
            tmp_path / f"p{number}/T1_image.nii.gz", rng.integers(0, 900, mask.shape).astype(np.int16)
        )
        write_image(tmp_path / f"p{number}/T1_mask.nii.gz", mask)
    recipe = recipe_for(tmp_path, "instance")
    assert (recipe.engine, recipe.modality) == ("mask_rcnn", ("MR",))
    assert recipe.labels[1].kind == "instance"
    assert recipe.thresholds == {"cluster_iou": 0.4}
    assert with_backbone(recipe, "resnet50").network.arguments["nms_iou"] == 0.7
    assert {r.patient for r in find_cases(recipe).train} == {"p0", "p1", "p2", "p3"}


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("[", "cannot be read"),
        ("[]", "description"),
        ('{"channel_names": {"0": "T1", "1": "T2"}}', "channels"),
        ('{"channel_names": ["T1"]}', "one by one"),
        ('{"labels": ["background", "Block"]}', "one by one"),
        ('{"modality": "CT"}', "one by one"),
    ],
)
def test_unsound_descriptions_are_named(tmp_path, description, message):
    nnunet(tmp_path)
    (tmp_path / "dataset.json").write_text(description)
    with pytest.raises(InputError, match=message):
        recipe_for(tmp_path)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="imagesTr"):
        recipe_for(tmp_path)
