"""Folders of images and masks without a word about them, and what is refused among them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from medseg_app.core.errors import InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import ABNORMAL, ANATOMY, Segment
from medseg_app.io.formats import read_labels
from medseg_app.io.nrrd import write_labels
from medseg_app.training.dataset import find_cases, read_case
from medseg_app.training.fingerprint import recipe_for
from tests.training.test_fingerprint import nnunet
from tests.training.tiny import SHAPE, write_cases, write_image


def folders(root, images="images/{}.nii.gz", masks="masks/{}.nii.gz", count=5):
    """The pairs of `write_cases` under other names; SimpleITK writes whatever the ending says."""
    import SimpleITK

    write_cases(root / "flat", count)
    for number in range(count):
        for name, target in (("image", images), ("mask", masks)):
            old = root / "flat" / f"p{number}_{name}.nii.gz"
            new = root / target.format(f"p{number}")
            new.parent.mkdir(exist_ok=True)
            SimpleITK.WriteImage(SimpleITK.ReadImage(str(old)), str(new))
            old.unlink()
    return root


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        ("images/{}.nii.gz", "masks/{}.nii.gz"),
        ("images/{}.nrrd", "labels/{}.mha"),
        ("images/{}.mha", "masks/{}.nii"),
        ("imagesTr/{}_0000.nii.gz", "labelsTr/{}.nii.gz"),
        ("imagesTr/{}.nii.gz", "labelsTr/{}.nii.gz"),
    ],
)
def test_folders_of_images_and_masks(tmp_path, images, masks):
    recipe = recipe_for(folders(tmp_path, images, masks))
    assert {value: label.name for value, label in recipe.labels.items()} == {1: "Label 1", 2: "Label 2"}
    assert recipe.modality == ("CT",)
    assert "taken for CT by their values" in recipe.data
    split = find_cases(recipe)
    assert [r.patient for r in (*split.train, *split.validation)] == ["p0", "p1", "p2", "p3", "p4"]
    assert set(np.unique(read_case(split.train[0], recipe).labels)) == {0, 1, 2}


def test_what_has_no_partner_is_told(tmp_path):
    root = folders(tmp_path, "imagesTr/{}_0000.nii.gz", "labelsTr/{}.nii.gz")
    assert recipe_for(root).notes == ()
    (root / "labelsTr/p1.nii.gz").unlink()
    (root / "imagesTr/p2_0000.nii.gz").unlink()
    (root / "labelsTr/._p0.nii.gz").write_bytes(b"macOS")
    recipe = recipe_for(root)
    assert len(find_cases(recipe).train) == 3
    assert recipe.notes == (
        "images without a mask of the same name, left out: 1",
        "masks without an image of the same name, left out: 1",
    )


def test_values_that_a_data_set_does_not_name_are_told(tmp_path):
    root = folders(tmp_path, "imagesTr/{}_0000.nii.gz", "labelsTr/{}.nii.gz")
    (root / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "Block": 1}}))
    recipe = recipe_for(root)
    assert recipe.labels[2].name == "Label 2"
    assert recipe.notes == ("not named by the data set and taken as classes of their own: 2",)


def test_half_a_data_set_is_told(tmp_path):
    root = folders(tmp_path, "imagesTr/{}_0000.nii.gz", "labelsTr/{}.nii.gz")
    (root / "dataset.json").write_text(json.dumps({"numTraining": 5}))
    assert recipe_for(root).notes == ()
    (root / "dataset.json").write_text(json.dumps({"numTraining": 41}))
    assert recipe_for(root).notes == (
        "dataset.json says that there are 41 cases to learn from, and 5 are here",
    )


def test_a_class_in_a_single_case_is_a_class(tmp_path, monkeypatch):
    """It lies in none of the cases whose images are measured, which are the first and the fourth."""
    monkeypatch.setattr("medseg_app.training.fingerprint.MAX_READ", 2)
    root = folders(tmp_path)
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:8, 4:8, 4:8] = 3
    write_image(root / "masks/p1.nii.gz", labels)
    assert set(recipe_for(root).labels) == {1, 2, 3}


def test_findings_in_few_cases_are_measured_there(tmp_path, monkeypatch):
    monkeypatch.setattr("medseg_app.training.fingerprint.MAX_READ", 2)
    root = folders(tmp_path)
    for number in (0, 1, 3, 4):
        write_image(root / f"masks/p{number}.nii.gz", np.zeros(SHAPE, np.uint8))
    (window,) = recipe_for(root).preprocessing["channels"]["CT"]
    assert window["low"] < 100
    assert window["high"] > 380


def test_the_user_says_the_modality(tmp_path):
    recipe = recipe_for(folders(tmp_path, count=1), modality="PT")
    assert recipe.modality == ("PT",)
    assert find_cases(recipe).train[0].modality == "PT"
    assert "taken for" not in recipe.data


@pytest.mark.parametrize(("kind", "category"), [("semantic", ANATOMY), ("instance", ABNORMAL)])
def test_masks_that_name_their_segments_are_read_by_name(tmp_path, kind, category):
    """Each file numbers its segments in its own way."""
    folders(tmp_path, count=2)
    truths = []
    for number in range(2):
        path = tmp_path / f"masks/p{number}.nii.gz"
        labels = read_labels(path)
        truths.append(labels.layers[0])
        named = tuple(
            Segment(n, f"{name} 1" if kind == "instance" else name, value + 5 * number, category=category)
            for n, (name, value) in enumerate((("Rod", 2), ("Block", 1)), 1)
        )
        layer = np.where(labels.layers[0] > 0, labels.layers[0] + 5 * number, 0).astype(np.uint8)
        write_labels(LabelMap((layer,), labels.geometry, named), tmp_path / f"masks/p{number}.seg.nrrd")
        path.unlink()
    recipe = recipe_for(tmp_path)
    assert recipe.task == kind
    assert {value: label.name for value, label in recipe.labels.items()} == {1: "Block", 2: "Rod"}
    plain = replace(recipe, grid=replace(recipe.grid, spacing_mm=None))
    for reference, truth in zip(find_cases(recipe).train, truths, strict=True):
        case = read_case(reference, plain)
        found = case.labels
        if kind == "instance":
            found = np.select([found == n for n in case.classes], list(case.classes.values()), 0)
        assert np.array_equal(found, truth)


def test_regions_are_refused(tmp_path):
    nnunet(tmp_path)
    description = {"channel_names": {"0": "CT"}, "labels": {"background": 0, "whole": [1, 2], "core": 2}}
    (tmp_path / "dataset.json").write_text(json.dumps(description))
    with pytest.raises(InputError, match=r"regions of several values \(whole\)") as refused:
        recipe_for(tmp_path)
    assert "Name each value" in refused.value.hint


def test_two_masks_of_one_image_and_second_channels_are_refused(tmp_path):
    folders(tmp_path / "a", count=1)
    write_image(tmp_path / "a/masks/p0.mha", np.ones((12, 32, 30), np.uint8))
    with pytest.raises(InputError, match="two masks"):
        recipe_for(tmp_path / "a")
    folders(tmp_path / "b", "imagesTr/{}_0000.nii.gz", "labelsTr/{}.nii.gz", 1)
    write_image(tmp_path / "b/imagesTr/p0_0001.nii.gz", np.ones((12, 32, 30), np.int16))
    with pytest.raises(InputError, match="several channels"):
        recipe_for(tmp_path / "b")


def test_what_looks_like_a_data_set_and_is_none_is_named(tmp_path):
    folders(tmp_path / "a", masks="masks/{}_seg.nii.gz", count=1)
    with pytest.raises(InputError, match="No file in masks has the name of an image in images"):
        recipe_for(tmp_path / "a")
    folders(tmp_path / "b", masks="truth/{}.nii.gz", count=1)
    with pytest.raises(InputError, match="Masks of images are looked for in labelsTr, labels, masks"):
        recipe_for(tmp_path / "b")
    for name in ("images", "masks"):
        (tmp_path / "c" / name).mkdir(parents=True)
        Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "c" / name / "a.png")
    with pytest.raises(InputError, match=r"a\.png are read with COCO's annotations only"):
        recipe_for(tmp_path / "c")
