"""Tissues derived from a CT: hand-made bodies with known tissues, made-up patients, and metal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from medseg_app.training.dataset import find_cases, read_case
from medseg_app.training.metal import METAL_HU, add_metal
from medseg_app.training.recipe import Pair, Source, read_recipe
from medseg_app.training.tissue_labels import BONE, FAT, GAS, SOFT, body_mask, tissue_labels
from tests.training.tiny import write_cases, write_image, write_recipe

SPACING = (3.0, 1.0, 1.0)


def body(shape=(8, 90, 100)) -> tuple[np.ndarray, np.ndarray]:
    """Fat around muscle, with a gas bubble, a bone with marrow, a couch below; and what is what."""
    _, j, i = np.indices(shape)
    truth = np.zeros(shape, np.uint8)
    truth[(j - 40) ** 2 + (i - 50) ** 2 < 35**2] = FAT
    truth[(j - 40) ** 2 + (i - 50) ** 2 < 28**2] = SOFT
    truth[(j - 30) ** 2 + (i - 45) ** 2 < 6**2] = GAS
    truth[(j - 50) ** 2 + (i - 55) ** 2 < 9**2] = BONE
    marrow = (j - 50) ** 2 + (i - 55) ** 2 < 5**2
    hu = np.select(
        [truth == GAS, truth == FAT, truth == SOFT, truth == BONE], [-900, -100, 50, 700], default=-1000
    ).astype(float)
    hu[marrow] = 40
    hu[:, 82:84, 10:90] = -50  # couch, 2 mm
    return hu, truth


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


def test_each_tissue_is_found_and_the_couch_is_not():
    hu, truth = body()
    hu = hu + np.random.default_rng(0).normal(0, 8, hu.shape)
    found = tissue_labels(hu.astype(np.int16), SPACING)
    for value in (GAS, FAT, SOFT, BONE):
        assert dice(found == value, truth == value) > 0.93, value
    assert not found[:, 80:].any()


def test_the_body_holds_what_it_encloses():
    hu, truth = body()
    assert dice(body_mask(hu, SPACING), truth > 0) > 0.99


def test_the_rim_of_a_bubble_is_not_fat():
    """Half gas and half muscle has the Hounsfield units of fat."""
    hu, truth = body()
    rim = np.roll(truth == GAS, 1, axis=1) & (truth == SOFT)
    hu[rim] = -110
    found = tissue_labels(hu, SPACING)
    assert (found[rim] == SOFT).mean() > 0.9


def test_the_brain_is_no_marrow():
    _, j, i = np.indices((4, 200, 200))
    radius = np.hypot(j - 100, i - 100)
    skull = (radius < 80) & (radius > 72)
    hu = np.select([skull, radius <= 72, radius < 84], [900.0, 40.0, -80.0], -1000.0)
    found = tissue_labels(hu, SPACING)
    assert dice(found == BONE, skull) > 0.95
    assert (found[:, 90:110, 90:110] == SOFT).all()


def test_nothing_is_found_in_air_and_a_lone_thread_is_no_body():
    assert not tissue_labels(np.full((3, 30, 30), -1000), SPACING).any()
    thread = np.full((3, 30, 30), -1000)
    thread[:, 15, :] = 100
    assert not tissue_labels(thread, SPACING).any()


def test_lungs_and_bones_of_a_made_up_patient():
    from medseg_app.phantom.phantom import make_phantom

    phantom = make_phantom(3)
    by_name = {segment.name: phantom.truth.mask(segment) for segment in phantom.truth.segments}
    labels = tissue_labels(phantom.volume.voxels, phantom.volume.geometry.spacing_kji)
    lungs = np.any([mask for name, mask in by_name.items() if "lung" in name.lower()], axis=0)
    assert (labels[lungs] == GAS).mean() > 0.8


@pytest.fixture
def recipe(tmp_path):
    write_cases(tmp_path / "data", 5)
    found = read_recipe(write_recipe(tmp_path / "data"))
    return replace(found, source=Source(kind="tissues", folder=".", pairs=(Pair("CT", "*_image.nii.gz"),)))


def test_a_recipe_takes_images_without_labels(recipe, tmp_path):
    hu, truth = body()
    write_image(tmp_path / "data/p0_image.nii.gz", hu.astype(np.int16))
    split = find_cases(recipe)
    assert [r.patient for r in split.train] == ["p0", "p1", "p2", "p3"]
    four = dict.fromkeys((GAS, FAT, SOFT, BONE), recipe.labels[1])
    case = read_case(split.train[0], replace(recipe, labels=four))
    assert case.labels.shape == truth.shape
    # The frame of the model may turn the axes of the file; the tissues are counted instead.
    assert np.bincount(case.labels.ravel())[BONE] == pytest.approx((truth == BONE).sum(), rel=0.1)


def test_metal_throws_rays_in_its_slices_and_nowhere_else():
    hu, _ = body((40, 90, 100))
    image = torch.from_numpy(hu.astype(np.float32))
    changed = add_metal(image, SPACING, np.random.default_rng(1))
    metal = changed == METAL_HU
    assert 0 < int(metal.sum()) * 3.0 < 4 / 3 * np.pi * 12**3
    middle = int(metal.nonzero()[:, 0].float().mean())
    difference = (changed - image).abs().flatten(1)
    assert difference[middle].mean() > 10
    far = [k for k in range(40) if abs(k - middle) * 3.0 > 40]
    assert difference[far].max() < 1.0


def test_without_dense_tissue_there_is_no_metal():
    air = torch.full((4, 10, 10), -1000.0)
    assert torch.equal(add_metal(air, SPACING, np.random.default_rng(0)), air)


def test_disturbed_images_are_judged_by_the_undisturbed_ones(recipe, tmp_path):
    from medseg_app.training.disturbed_figures import with_metal, with_noise
    from medseg_app.training.evaluate import evaluate_model
    from medseg_app.training.train import run_training

    four = {value: replace(recipe.labels[1], name=f"T{value}") for value in (GAS, FAT, SOFT, BONE)}
    arguments = {**recipe.network.arguments, "out_channels": 5}
    for number in range(5):
        hu, _ = body((8, 90, 100))
        write_image(
            tmp_path / f"data/p{number}_image.nii.gz", np.roll(hu, 2 * number, axis=2).astype(np.int16)
        )
    wide = replace(
        recipe, labels=four, network=replace(recipe.network, arguments=arguments),
        training=replace(recipe.training, steps=2),
    )  # fmt: skip
    out = run_training(wide, tmp_path / "model")
    figures = evaluate_model(out, wide)["disturbed"]
    assert set(figures) == {"noise of 60 HU", "metal"}
    rules = figures["noise of 60 HU"]["rules"]
    assert 0.3 < rules["T2"] < 0.99
    assert figures["metal"]["rules"]["T3"] < 1.0
    text = (out / "docs/README.md").read_text()
    metal = " | ".join(f"{figures['metal']['rules'][f'T{value}']:g}" for value in range(1, 5))
    assert f"| metal | rules | {metal} |" in text
    volume = find_cases(wide).validation[0].read()[0]
    for disturb in (with_noise, with_metal):
        changed = disturb(volume, np.random.default_rng(0))
        assert changed.dtype == np.int16
        assert not np.array_equal(changed, volume.voxels)
