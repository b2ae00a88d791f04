"""Cases: pairs, splits by patient, unknown classes, resampling of labels, phantoms."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from medseg_app.core.errors import InputError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.engines.fit import fit_volume
from medseg_app.engines.model_card import ModelGrid
from medseg_app.training.dataset import find_cases, read_case, resampled_labels
from medseg_app.training.recipe import read_recipe
from tests.training.tiny import SHAPE, write_cases, write_image, write_recipe


def test_the_split_file_decides_by_patient(tmp_path):
    write_cases(tmp_path)
    recipe = read_recipe(write_recipe(tmp_path))
    (tmp_path / "split.json").write_text(json.dumps({"train": ["p3", "p0"], "validation": ["p1"]}))
    split = find_cases(replace(recipe, source=replace(recipe.source, split="split.json")))
    assert [r.patient for r in split.train] == ["p0", "p3"]
    assert [r.patient for r in split.validation] == ["p1"]


def test_without_a_split_file_every_fifth_patient_is_kept(tmp_path):
    write_cases(tmp_path, 10)
    split = find_cases(read_recipe(write_recipe(tmp_path)))
    assert [r.patient for r in split.validation] == ["p4", "p9"]
    assert len(split.train) == 8


def test_a_class_without_voxels_is_unknown_only_where_the_recipe_says_so(tmp_path):
    write_cases(tmp_path, 2, without_rod=(1,))
    for unknown, expected in ((True, {1}), (False, {1, 2})):
        recipe = read_recipe(write_recipe(tmp_path, unknown=unknown))
        case = read_case(find_cases(recipe).train[1], recipe)
        assert case.annotated == expected


def test_findings_are_numbered_and_keep_their_class(tmp_path):
    write_cases(tmp_path, 1)
    recipe = read_recipe(write_recipe(tmp_path, "instance"))
    case = read_case(find_cases(recipe).train[0], recipe)
    assert case.classes == {1: 1, 2: 2}
    assert case.image.shape == SHAPE
    assert case.spacing == pytest.approx((3.0, 1.0, 1.0))


def test_more_classes_or_findings_than_a_byte_counts_are_refused(tmp_path):
    write_cases(tmp_path, 1)
    recipe = read_recipe(write_recipe(tmp_path))
    far = replace(recipe, labels={300: recipe.labels[1]})
    with pytest.raises(InputError, match="value 300"):
        read_case(find_cases(far).train[0], far)
    crowd = np.zeros(SHAPE, np.uint16)
    crowd.ravel()[:256] = np.arange(1, 257)
    write_image(tmp_path / "p0_mask.nii.gz", crowd)
    recipe = read_recipe(write_recipe(tmp_path, "instance"))
    with pytest.raises(InputError, match="p0 CT number 256 findings"):
        read_case(find_cases(recipe).train[0], recipe)


def test_a_mask_on_another_grid_is_named(tmp_path):
    write_cases(tmp_path, 1)
    write_image(tmp_path / "p0_mask.nii.gz", np.ones((12, 32, 31), np.uint8))
    recipe = read_recipe(write_recipe(tmp_path))
    with pytest.raises(InputError, match="p0_mask"):
        read_case(find_cases(recipe).train[0], recipe)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="no images"):
        find_cases(read_recipe(write_recipe(tmp_path)))


def test_resampled_labels_keep_volume_and_place():
    geometry = VolumeGeometry.regular((20, 40, 40), np.diag([3.0, 1.0, 1.0, 1.0]))
    labels = np.zeros(geometry.shape, np.uint8)
    labels[4:14, 8:24, 10:30] = 1
    labels[4:14, 24:34, 10:30] = 2
    fit = fit_volume(geometry, ModelGrid("", (3.0, 2.0, 2.0), None))
    small = resampled_labels(labels, fit)
    assert small.shape == (20, 20, 20)
    for value in (1, 2):
        assert (small == value).sum() * 4 == pytest.approx((labels == value).sum(), rel=0.1)
        middle = np.argwhere(labels == value).mean(axis=0)
        found = np.argwhere(small == value).mean(axis=0) * [1, 2, 2] + [0, 0.5, 0.5]
        np.testing.assert_allclose(found, middle, atol=0.6)


def test_phantoms_are_cases_too(tmp_path):
    recipe = read_recipe(write_recipe(tmp_path))
    source = replace(recipe.source, kind="phantom", seeds=(3, 4), validation_seeds=(9, 9))
    split = find_cases(replace(recipe, source=source))
    assert [r.patient for r in split.train] == ["phantom-3", "phantom-4"]
    assert [r.seed for r in split.validation] == [9]
    volume, truth = split.validation[0].read()
    assert volume.geometry.same_grid(truth.geometry)


def test_a_recipe_with_a_mistyped_key_names_it(tmp_path):
    path = write_recipe(tmp_path)
    path.write_text(path.read_text().replace("learning_rate", "learning_rat"))
    with pytest.raises(InputError, match="training"):
        read_recipe(path)
    path.write_text("name = ")
    with pytest.raises(InputError, match="not TOML"):
        read_recipe(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_recipe(tmp_path / "missing.toml")
