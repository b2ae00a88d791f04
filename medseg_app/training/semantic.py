"""SemanticTask: patches and loss for networks that give every voxel a class (torch)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medseg_app.engines.preprocess import Preprocessing

from .augment import furnish_air, vary_brightness, vary_channels
from .dataset import Case
from .losses import marginal_dice_ce
from .paste import MOST_SHRUNK, PASTED, donors_for, paste_finding
from .patches import Patch, Size, random_matrix, sample_patch
from .recipe import Recipe

MAX_PLACES = 2000
"""So many voxels of each class are remembered as centres of patches."""


@dataclass(frozen=True, eq=False)
class SemanticBatch:
    """images (batch, c, k, j, i), targets (batch, k, j, i) in channels, annotated (batch, 1 + classes)."""

    images: Tensor
    targets: Tensor
    annotated: Tensor

    def to(self, device: str) -> SemanticBatch:
        """The batch on a device."""
        return SemanticBatch(self.images.to(device), self.targets.to(device), self.annotated.to(device))


class SemanticTask:
    """Draws patches around organs that were annotated in the case, and knows the loss."""

    def __init__(self, recipe: Recipe, cases: list[Case]) -> None:
        self._recipe = recipe
        self._cases = cases
        self._places = [_places(case, recipe.values) for case in cases]
        self._preprocessing = Preprocessing.from_json(recipe.preprocessing)
        self._channel_of = torch.zeros(2 * PASTED, dtype=torch.long)
        for channel, value in enumerate(recipe.values, 1):
            self._channel_of[value] = self._channel_of[PASTED + value] = channel

    def batch(self, rng: np.random.Generator, share: float) -> SemanticBatch:
        """A batch of random patches, for the time when this share (0..1) of the training is done."""
        size = self._recipe.training.patch_at(share)
        drawn = [self._draw(size, rng) for _ in range(self._recipe.training.batch)]
        images, targets, annotated = (torch.stack(column) for column in zip(*drawn, strict=True))
        return SemanticBatch(images, targets, annotated)

    def loss(self, network: nn.Module, batch: SemanticBatch) -> Tensor:
        """The marginal loss of one batch."""
        return marginal_dice_ce(network(batch.images), batch.targets, batch.annotated)

    def _draw(self, size: Size, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        number = int(rng.integers(len(self._cases)))
        case, augment = self._cases[number], self._recipe.augment
        patch = self._with_guest(self._crop(number, size, self._recipe.training.foreground, rng), number, rng)
        image = furnish_air(patch, case, rng) if augment.air and rng.random() < 0.7 else patch.image
        known = torch.tensor([True, *(value in case.annotated for value in self._recipe.values)])
        return self._channels(image, case, rng), self._channel_of[patch.labels], known

    def _crop(
        self, number: int, size: Size, foreground: float, rng: np.random.Generator, shrink: float = 1.0
    ) -> Patch:
        """A patch of a case, over one of its classes in this share of cases; `shrink` times smaller."""
        case = self._cases[number]
        centre = self._centre(number, size, foreground, rng)
        return sample_patch(
            case, centre, size, random_matrix(self._recipe.augment, case.spacing, rng) * shrink
        )

    def _with_guest(self, patch: Patch, number: int, rng: np.random.Generator) -> Patch:
        """The patch, now and then with a finding of another patient."""
        if rng.random() >= self._recipe.augment.paste:
            return patch
        donors = donors_for(self._cases, number)
        if not donors:
            return patch
        k, j, i = patch.labels.shape
        guest = self._crop(int(rng.choice(donors)), (k, j, i), 1.0, rng, rng.uniform(1.0, MOST_SHRUNK))
        return paste_finding(patch, guest, self._cases[number].modality)

    def _channels(self, image: Tensor, case: Case, rng: np.random.Generator) -> Tensor:
        """Channels (c, k, j, i) of a patch, varied. Percentiles are those of the case or of the patch."""
        augment = self._recipe.augment
        if augment.bias and case.modality == "MR":
            image = vary_brightness(image, augment.bias, rng)
        seen = case.image if rng.random() < 0.5 else image.numpy()
        maker = self._preprocessing.measured(seen, case.modality)
        return vary_channels(torch.from_numpy(maker(image.numpy())), augment, rng)

    def _centre(
        self, number: int, size: Size, foreground: float, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """A place near a voxel of a random class of the case, or anywhere."""
        places = self._places[number]
        shape = np.array(self._cases[number].image.shape)
        if places and rng.random() < foreground:
            voxels = places[int(rng.integers(len(places)))]
            jitter = rng.uniform(-0.25, 0.25, 3) * size
            return np.asarray(np.clip(voxels[rng.integers(len(voxels))] + jitter, 0, shape - 1))
        return np.asarray(rng.uniform(0, shape - 1))


def _places(case: Case, values: tuple[int, ...]) -> list[NDArray[np.int64]]:
    """Voxels (n, 3) of each class that the case has, thinned evenly."""
    found = [np.argwhere(case.labels == value) for value in values]
    return [voxels[:: len(voxels) // MAX_PLACES + 1] for voxels in found if len(voxels)]
