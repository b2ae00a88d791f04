"""Slices for Mask R-CNN: sound targets, crops without findings, and places that tell nothing."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_app.training.dataset import find_cases, read_cases
from medseg_app.training.instance import InstanceTask
from medseg_app.training.recipe import read_recipe
from tests.training.tiny import write_cases, write_recipe


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    write_cases(folder)
    recipe = read_recipe(write_recipe(folder, "instance"))
    task = InstanceTask(recipe, read_cases(find_cases(recipe).train, recipe))
    batches = [task.batch(np.random.default_rng(seed), 0.0) for seed in range(60)]
    return [pair for batch in batches for pair in zip(batch.images, batch.targets, strict=True)]


def test_boxes_hold_their_masks_exactly(targets):
    for image, target in targets:
        assert target["masks"].shape[1:] == image.shape[1:]
        for box, mask in zip(target["boxes"].int().tolist(), target["masks"].numpy(), strict=True):
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            assert box == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
            assert box[2] > box[0]
            assert box[3] > box[1]


def test_images_have_neighbours_as_channels_and_many_sizes(targets):
    assert {image.shape[0] for image, _ in targets} == {3}
    assert len({image.shape[1:] for image, _ in targets}) > 20


def test_there_are_slices_with_and_without_findings_of_every_class(targets):
    kinds = [target["labels"].tolist() for _, target in targets]
    assert any(not kind for kind in kinds)
    assert {label for kind in kinds for label in kind} == {1, 2}


def test_findings_lie_anywhere_and_are_cut_by_borders(targets):
    middles, cut = [], 0
    for image, target in targets:
        size = np.array([image.shape[2], image.shape[1]] * 2)
        for box in target["boxes"].numpy():
            middles.append(((box[:2] + box[2:]) / 2) / size[:2])
            cut += bool((box[:2] == 0).any() or (box[2:] == size[:2]).any())
    spread = np.std(middles, axis=0)
    assert (spread > 0.15).all()
    assert cut > 10
