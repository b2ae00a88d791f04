"""Copy-paste of findings: grey values and labels move together, into tissue only, and keep their class."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medseg_app.training import instance, semantic
from medseg_app.training.dataset import find_cases, read_cases
from medseg_app.training.instance import InstanceTask
from medseg_app.training.paste import PASTED, paste_finding
from medseg_app.training.patches import Patch
from medseg_app.training.recipe import read_recipe
from medseg_app.training.semantic import SemanticTask
from tests.training import tiny
from tests.training.tiny import write_cases, write_recipe

SHAPE = (5, 40, 40)


def patch(image: np.ndarray, labels: np.ndarray | None = None) -> Patch:
    labels = np.zeros(SHAPE, np.int64) if labels is None else labels
    return Patch(torch.from_numpy(image.astype(np.float32)), torch.from_numpy(labels), torch.zeros(3, *SHAPE))


def donor(tissue: float, finding: float, at: int = 15) -> Patch:
    labels = np.zeros(SHAPE, np.int64)
    labels[1:4, at : at + 10, at : at + 12] = 1
    return patch(np.where(labels, finding, tissue), labels)


def test_a_pasted_finding_brings_its_voxels_and_leaves_the_rest():
    image = np.random.default_rng(0).normal(50, 5, SHAPE)
    pasted = paste_finding(patch(image), donor(40, 120), "CT")
    labels = pasted.labels.numpy()
    assert set(np.unique(labels)) == {0, PASTED + 1}
    assert np.array_equal(labels > 0, donor(40, 120).labels.numpy() > 0)
    assert pasted.image[2, 20, 20] == pytest.approx(120)
    assert np.allclose(pasted.image.numpy()[:, :8], image[:, :8])
    assert np.allclose(pasted.image.numpy()[[0, 4]], image[[0, 4]])


def test_the_border_of_a_pasted_finding_fades():
    pasted = paste_finding(patch(np.full(SHAPE, 50.0)), donor(150, 150), "CT")
    edge = pasted.image.numpy()[2, 20, 10:20]
    assert (np.diff(edge) >= -1e-4).all()
    assert np.diff(edge).max() < 60


def test_nothing_is_pasted_into_air_or_over_another_finding():
    air = patch(np.full(SHAPE, -1000.0))
    assert paste_finding(air, donor(40, 120), "CT") is air
    taken = np.zeros(SHAPE, np.int64)
    taken[1:4, 14:24, 14:26] = 3
    full = patch(np.full(SHAPE, 50.0), taken)
    assert paste_finding(full, donor(40, 120), "CT") is full
    nothing = patch(np.full(SHAPE, 50.0))
    assert paste_finding(nothing, patch(np.full(SHAPE, 50.0)), "CT") is nothing


def test_mr_findings_take_the_brightness_of_their_new_place():
    rng = np.random.default_rng(0)
    own = patch(rng.uniform(600, 1000, SHAPE))
    own.image[:, :4] = 400.0
    source = donor(0, 0)
    image = rng.uniform(0, 10, SHAPE)
    image[source.labels.numpy() > 0] = 7.0
    pasted = paste_finding(
        own, Patch(torch.from_numpy(image.astype(np.float32)), source.labels, source.places), "MR"
    )
    assert float(pasted.image[2, 20, 20]) == pytest.approx(400 + 0.7 * 600, rel=0.05)


def test_batches_hold_pasted_findings_under_their_own_class(tmp_path):
    write_cases(tmp_path)
    path = write_recipe(tmp_path, "instance")
    path.write_text(path.read_text() + "paste = 1.0\n")
    recipe = read_recipe(path)
    cases = read_cases(find_cases(recipe).train, recipe)
    pasting = InstanceTask(recipe, cases)
    targets = [t for seed in range(40) for t in pasting.batch(np.random.default_rng(seed), 0.0).targets]
    assert {int(label) for target in targets for label in target["labels"]} == {1, 2}
    assert max(len(target["labels"]) for target in targets) > 2


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_what_is_pasted_is_no_mirrored_copy(tmp_path, task, monkeypatch):
    """Donors are shrunk, so that patches reach over their images; there each finding would come again."""
    write_cases(tmp_path)
    path = write_recipe(tmp_path, task)
    text = path.read_text().replace('kind = "semantic"', 'kind = "instance"')
    path.write_text(text + "paste = 1.0\n")
    recipe = read_recipe(path)
    module = semantic if task == "semantic" else instance
    guests: list[Patch] = []
    monkeypatch.setattr(module, "MOST_SHRUNK", 4.0)
    monkeypatch.setattr(module, "paste_finding", lambda own, guest, _: (guests.append(guest), own)[1])
    kind = SemanticTask if task == "semantic" else InstanceTask
    pasting = kind(recipe, read_cases(find_cases(recipe).train, recipe))
    for seed in range(20):
        pasting.batch(np.random.default_rng(seed), 1.0)
    marked = [guest.places[:, guest.labels > 0].numpy() for guest in guests]
    places = np.concatenate(marked, axis=1)
    last = np.array(tiny.SHAPE)[:, None] - 0.5
    assert (places > -0.5).all()
    assert (places < last).all()
    assert places.shape[1] > 100
    reach = np.concatenate([guest.places.reshape(3, -1).numpy() for guest in guests], axis=1)
    assert not (reach < last).all()
