"""Patches land where they should, and augmentation changes what it may and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medseg_app.training.augment import furnish_air, vary_brightness, vary_channels
from medseg_app.training.dataset import Case
from medseg_app.training.patches import Held, random_matrix, sample_patch
from medseg_app.training.recipe import Augment

SPACING = (3.0, 1.0, 1.5)


def case(image: np.ndarray, labels: np.ndarray | None = None) -> Case:
    labels = np.zeros(image.shape, np.uint8) if labels is None else labels
    return Case("p CT", "p", "CT", image, labels, SPACING, frozenset({1}), {1: 1})


def body() -> np.ndarray:
    """A cylinder of tissue in blanked air, with some gas inside."""
    j, i = np.meshgrid(np.arange(48), np.arange(48), indexing="ij")
    image = np.full((16, 48, 48), -1024, np.int16)
    image[:, np.hypot(j - 20, i - 24) < 14] = 40
    image[:, 19:21, 23:25] = -1000
    return image


@pytest.mark.parametrize("centre", [(8, 20, 24), (0, 0, 0), (15, 47, 47)])
def test_without_augmentation_a_patch_is_the_block(centre):
    image = np.random.default_rng(0).integers(-1000, 1000, (16, 48, 48)).astype(np.int16)
    patch = sample_patch(Held.of(case(image)), np.array(centre, float), (5, 7, 9), np.eye(3))
    padded = np.pad(image, 8, mode="reflect")
    k, j, i = centre
    expected = padded[k + 6 : k + 11, j + 5 : j + 12, i + 4 : i + 13]
    np.testing.assert_allclose(patch.image.numpy(), expected, atol=0.5)


def test_image_and_labels_turn_together():
    rng = np.random.default_rng(1)
    labels = np.zeros((16, 48, 48), np.uint8)
    labels[4:12, 10:30, 14:40] = 1
    image = labels.astype(np.float32) * 1000
    augment = Augment(zoom=0.2, rotate_degrees=40, tilt_degrees=15, flip=True)
    for _ in range(10):
        matrix = random_matrix(augment, SPACING, rng)
        patch = sample_patch(Held.of(case(image, labels)), rng.uniform(4, 12, 3), (8, 24, 24), matrix)
        agree = ((patch.image > 500) == (patch.labels == 1)).float().mean()
        assert agree > 0.99


def test_turning_keeps_lengths_in_mm():
    rng = np.random.default_rng(2)
    for _ in range(20):
        matrix = random_matrix(Augment(rotate_degrees=90, tilt_degrees=30), SPACING, rng)
        step_mm = np.diag(SPACING) @ matrix @ np.diag(1 / np.array(SPACING))
        np.testing.assert_allclose(step_mm.T @ step_mm, np.eye(3), atol=1e-9)


def test_the_same_random_numbers_give_the_same_patch():
    image = body()
    made = []
    for _ in range(2):
        rng = np.random.default_rng(5)
        torch.manual_seed(5)
        patch = sample_patch(
            Held.of(case(image)), rng.uniform(0, 15, 3), (8, 8, 8), random_matrix(Augment(0.2), SPACING, rng)
        )
        made.append(furnish_air(patch, case(image), rng))
    assert torch.equal(*made)


def test_furniture_stands_outside_the_body_only_and_mostly_behind_it():
    image = body()
    behind = front = 0
    for seed in range(40):
        torch.manual_seed(seed)
        patch = sample_patch(Held.of(case(image)), np.array([7.5, 23.5, 23.5]), (16, 48, 48), np.eye(3))
        made = furnish_air(patch, case(image), np.random.default_rng(seed)).numpy()
        np.testing.assert_allclose(made[image > -1015], image[image > -1015], atol=1e-3)
        solid = (made > -600) & (image <= -1015)
        behind += solid[:, 36:].sum()
        front += solid[:, :4].sum()
    assert behind > 20 * max(front, 1)


def test_channels_stay_in_their_range():
    channels = torch.rand(2, 4, 8, 8) * 2 - 1
    augment = Augment(shift=0.5, contrast=0.5, noise=0.5)
    for seed in range(10):
        varied = vary_channels(channels, augment, np.random.default_rng(seed))
        assert varied.abs().max() <= 1
    assert torch.equal(vary_channels(channels, Augment(), np.random.default_rng(0)), channels)


def test_gamma_and_blur_change_greys_and_keep_their_range():
    channels = torch.rand(2, 4, 24, 24) * 2 - 1
    for augment in (Augment(gamma=0.5), Augment(blur=1.0)):
        varied = vary_channels(channels, augment, np.random.default_rng(1))
        assert varied.shape == channels.shape
        assert not torch.allclose(varied, channels)
        assert float(varied.abs().max()) <= 1.0
    ends = torch.tensor([-1.0, 1.0]).reshape(1, 1, 1, 2)
    assert torch.allclose(vary_channels(ends, Augment(gamma=0.5), np.random.default_rng(1)), ends)


def test_brightness_varies_smoothly_and_within_its_bounds():
    image = torch.full((8, 40, 40), 100.0)
    varied = vary_brightness(image, 0.5, np.random.default_rng(2))
    assert float(varied.min()) >= 100 / 1.5 - 1e-3
    assert float(varied.max()) <= 150 + 1e-3
    assert float(varied.std()) > 5
    assert float(torch.diff(varied, dim=2).abs().max()) < 6
