"""Synthetic findings: connected lumps in tissue, with greys of their own, and more of what is rare."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from medseg_app.training.augment import lower_dose
from medseg_app.training.dataset import find_cases, read_cases
from medseg_app.training.instance import InstanceTask
from medseg_app.training.patches import Patch
from medseg_app.training.recipe import read_recipe
from medseg_app.training.synthetic import SYNTHETIC, SyntheticFindings, grow_finding
from tests.training.tiny import write_cases, write_recipe

SHAPE, SPACING = (24, 64, 64), (3.0, 2.0, 2.0)


def patch(level: float) -> Patch:
    noise = np.random.default_rng(0).normal(level, 5, SHAPE).astype(np.float32)
    return Patch(torch.from_numpy(noise), torch.zeros(SHAPE, dtype=torch.long), torch.zeros(3, *SHAPE))


@pytest.mark.parametrize("seed", range(12))
def test_a_lump_lies_where_the_grey_values_changed(seed):
    own = patch(400.0)
    grown = grow_finding(own, SYNTHETIC + 1, "CT", SPACING, np.random.default_rng(seed))
    lump = grown.labels.numpy() > 0
    assert set(np.unique(grown.labels)) == {0, SYNTHETIC + 1}
    assert ndimage.label(lump, np.ones((3, 3, 3)))[1] <= 2
    changed = np.abs((grown.image - own.image).numpy())
    inside = ndimage.binary_erosion(lump, iterations=2)
    far = ~ndimage.binary_dilation(lump, iterations=6)
    assert not inside.any() or changed[inside].min() > 100
    assert not far.any() or changed[far].max() < 60


def test_a_lump_is_grown_in_tissue_only():
    air = patch(-1000.0)
    assert all(
        grow_finding(air, SYNTHETIC + 1, "CT", SPACING, np.random.default_rng(n)) is air for n in range(8)
    )


def test_lumps_differ_in_size_and_place():
    volumes, centres = [], []
    for seed in range(30):
        grown = grow_finding(patch(40.0), SYNTHETIC + 1, "MR", SPACING, np.random.default_rng(seed))
        lump = grown.labels.numpy() > 0
        volumes.append(lump.sum())
        centres.append(ndimage.center_of_mass(lump) if lump.any() else (0, 0, 0))
    assert max(volumes) > 20 * min(v for v in volumes if v)
    assert np.std(centres, axis=0)[1:].min() > 6


def test_rare_classes_are_made_more_often(tmp_path):
    write_cases(tmp_path)
    path = write_recipe(tmp_path, "instance")
    path.write_text(path.read_text() + "synthetic = 1.0\n")
    recipe = read_recipe(path)
    cases = read_cases(find_cases(recipe).train, recipe)
    found = SyntheticFindings.of(recipe, cases)
    counts = {value: sum(value in case.classes.values() for case in cases) for value in found.chances}
    assert sum(found.chances.values()) == pytest.approx(1.0)
    for one, other in zip(found.chances, list(found.chances)[1:], strict=False):
        assert (counts[one] < counts[other]) == (found.chances[one] > found.chances[other])
    task = InstanceTask(recipe, cases)
    targets = [t for seed in range(20) for t in task.batch(np.random.default_rng(seed), 0.0).targets]
    assert {int(label) for target in targets for label in target["labels"]} <= {1, 2}
    assert sum(len(target["labels"]) for target in targets) > 0


def test_noise_of_a_lower_dose_is_of_the_stated_strength():
    image = torch.zeros(8, 64, 64)
    made = [float(lower_dose(image, 80.0, np.random.default_rng(n)).std()) for n in range(40)]
    assert 60 < max(made) < 82
    assert min(made) < 20
