"""InstanceTask: random crops and loss for networks that find instances in slices (torch).

Crops have random size and place, so where a finding lies in the image says nothing about it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medseg_app.engines.preprocess import Preprocessing, slice_with_neighbours

from .augment import lower_dose, vary_brightness, vary_channels
from .dataset import Case
from .instance_losses import Target, loss_of
from .paste import MOST_SHRUNK, PASTED, donors_for, paste_finding
from .patches import Held, Patch, Size, random_matrix, sample_patch, without_mirrored
from .recipe import Recipe
from .synthetic import SyntheticFindings

MIN_PIXELS = 6
"""Smaller cuts through a finding are no targets."""
SMALLEST_CROP = 0.35
"""Shortest edge of a crop as a share of the recipe's patch."""
CROP_SLICES = (8, 32)


@dataclass(frozen=True, eq=False)
class InstanceBatch:
    """Images (c, j, i) of several sizes, and torchvision's targets for each."""

    images: list[Tensor]
    targets: list[Target]

    def to(self, device: str) -> InstanceBatch:
        """The batch on a device."""
        targets = [{key: value.to(device) for key, value in target.items()} for target in self.targets]
        return InstanceBatch([image.to(device) for image in self.images], targets)


class InstanceTask:
    """Draws slices from random crops, with and without findings, and knows the loss."""

    def __init__(self, recipe: Recipe, cases: list[Case], device: str = "cpu") -> None:
        self._loss = loss_of(recipe.engine)
        self._recipe = recipe
        self._cases = cases
        self._held = [Held.of(case, device) for case in cases]
        self._synthetic = SyntheticFindings.of(recipe, cases)
        self._places = [np.argwhere(case.labels > 0)[::7] for case in cases]
        self._preprocessing = Preprocessing.from_json(recipe.preprocessing)

    def batch(self, rng: np.random.Generator, share: float) -> InstanceBatch:
        """`batch` crops, `patch[0]` slices from each, when this share (0..1) of the training is done."""
        size = self._recipe.training.patch_at(share)
        drawn = [pair for _ in range(self._recipe.training.batch) for pair in self._draw(size, rng)]
        return InstanceBatch([image for image, _ in drawn], [target for _, target in drawn])

    def loss(self, network: nn.Module, batch: InstanceBatch) -> Tensor:
        """The loss that belongs to the engine."""
        return self._loss(network, batch.images, batch.targets)

    def _draw(self, largest: Size, rng: np.random.Generator) -> list[tuple[Tensor, Target]]:
        number = int(rng.integers(len(self._cases)))
        case = self._cases[number]
        size = _crop_size(case, largest, rng)
        wanted = len(self._places[number]) > 0 and rng.random() < self._recipe.training.foreground
        patch, classes = self._with_guest(self._crop(number, size, wanted, rng), number, rng)
        channels, labels = self._channels(patch.image, case.modality, rng), patch.labels.cpu().numpy()
        return [
            (self._image(channels, k), _target(labels[k], classes, self._recipe.values))
            for k in _choose_slices(labels, largest[0], wanted, rng)
        ]

    def _crop(
        self, number: int, size: Size, wanted: bool, rng: np.random.Generator, shrink: float = 1.0
    ) -> Patch:
        """A patch of a case, over one of its findings where wanted; all in it is `shrink` times smaller."""
        case = self._cases[number]
        centre = _centre_over(self._places[number], size, rng) if wanted else _anywhere(case, size, rng)
        matrix = random_matrix(self._recipe.augment, case.spacing, rng) * shrink
        return sample_patch(self._held[number], _inside(centre, size, case), size, matrix)

    def _with_guest(
        self, patch: Patch, number: int, rng: np.random.Generator
    ) -> tuple[Patch, dict[int, int]]:
        """The patch, now and then with a finding of another case or a synthetic one; the class of each."""
        case = self._cases[number]
        if rng.random() < self._recipe.augment.synthetic:
            return self._synthetic.into(patch, case, rng), {**case.classes, **self._synthetic.classes}
        if rng.random() >= self._recipe.augment.paste:
            return patch, case.classes
        donors = donors_for(self._cases, number)
        if not donors:
            return patch, case.classes
        donor = int(rng.choice(donors))
        k, j, i = patch.labels.shape
        guest = self._crop(donor, (k, j, i), True, rng, rng.uniform(1.0, MOST_SHRUNK))
        guest = without_mirrored(guest, self._cases[donor].image.shape)
        pasted = {number + PASTED: kind for number, kind in self._cases[donor].classes.items()}
        return paste_finding(patch, guest, case.modality), {**case.classes, **pasted}

    def _channels(self, image: Tensor, modality: str, rng: np.random.Generator) -> NDArray[np.float32]:
        """Channels (c, k, j, i) of a crop, varied. Percentiles are taken from the crop, as in use."""
        augment = self._recipe.augment
        if augment.bias and modality == "MR":
            image = vary_brightness(image, augment.bias, rng)
        if augment.dose and modality == "CT":
            image = lower_dose(image, augment.dose, rng)
        maker = self._preprocessing.measured(image.cpu().numpy(), modality)
        return np.asarray(vary_channels(maker.tensor(image), augment, rng).cpu().numpy(), np.float32)

    def _image(self, channels: NDArray[np.float32], k: int) -> Tensor:
        return torch.from_numpy(slice_with_neighbours(channels, k, self._preprocessing.neighbours))


def _crop_size(case: Case, largest: Size, rng: np.random.Generator) -> Size:
    k, j, i = case.image.shape
    edges = np.exp(rng.uniform(np.log(SMALLEST_CROP), 0, 2)) * largest[1:]
    slices = int(rng.integers(CROP_SLICES[0], CROP_SLICES[1] + 1))
    return min(slices, k), min(int(edges[0]), j), min(int(edges[1]), i)


def _centre_over(places: NDArray[np.int64], size: Size, rng: np.random.Generator) -> NDArray[np.float64]:
    """The middle of a crop that holds a random voxel of a finding anywhere in it."""
    return np.asarray(places[rng.integers(len(places))] + rng.uniform(-0.5, 0.5, 3) * size)


def _anywhere(case: Case, size: Size, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(rng.uniform(0, 1, 3) * case.image.shape)


def _inside(centre: NDArray[np.float64], size: Size, case: Case) -> NDArray[np.float64]:
    """The centre moved so that the crop lies in the image."""
    half = (np.array(size) - 1) / 2
    return np.asarray(np.clip(centre, half, np.array(case.image.shape) - 1 - half))


def _choose_slices(
    labels: NDArray[np.int64], count: int, wanted: bool, rng: np.random.Generator
) -> list[int]:
    """Slices of a crop (k, j, i); where a finding is wanted, the first shows one.

    The others may be any: beyond its ends a finding must be seen to be absent.
    """
    chosen = [int(k) for k in rng.integers(len(labels), size=count)]
    showing = np.flatnonzero(labels.any(axis=(1, 2)))
    if wanted and len(showing):
        chosen[0] = int(rng.choice(showing))
    return chosen


def _target(labels: NDArray[np.int64], classes: dict[int, int], values: tuple[int, ...]) -> Target:
    """Boxes, labels and masks of every connected cut through a finding in a slice (j, i)."""
    from scipy import ndimage

    masks, kinds = [], []
    for number in np.unique(labels[labels > 0]):
        parts, count = ndimage.label(labels == number, np.ones((3, 3)))
        for part in range(1, count + 1):
            mask = parts == part
            if mask.sum() >= MIN_PIXELS:
                masks.append(mask)
                kinds.append(values.index(classes[int(number)]) + 1)
    return {
        "boxes": torch.tensor([_box(mask) for mask in masks], dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(kinds, dtype=torch.int64),
        "masks": torch.from_numpy(np.array(masks, np.uint8).reshape(-1, *labels.shape)),
    }


def _box(mask: NDArray[np.bool_]) -> list[int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]
