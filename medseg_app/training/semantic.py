"""SemanticTask: patches and loss for networks that give every voxel a class (torch)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medseg_app.core.errors import InputError
from medseg_app.engines.preprocess import Preprocessing, with_neighbours
from medseg_app.engines.slice_tiles import SliceTiles, middle

from .augment import furnish_air, lower_dose, vary_brightness, vary_channels
from .dataset import Case
from .metal import add_metal
from .paste import MOST_SHRUNK, PASTED, donors_for, paste_finding
from .patches import Held, Patch, Size, random_matrix, sample_patch, thinned, without_mirrored
from .recipe import Recipe
from .synthetic import SYNTHETIC, SyntheticFindings
from .voxel_loss import voxel_loss

MAX_PLACES = 2000
"""So many voxels of each class are remembered as centres of patches."""


@dataclass(frozen=True, eq=False)
class SemanticBatch:
    """images (batch, c, k, j, i), targets (batch, k, j, i) in channels, annotated (batch, 1 + classes).

    For networks that take slices: (batch, c, j, i) and (batch, j, i).
    share: how much of the training is done (0..1).
    """

    images: Tensor
    targets: Tensor
    annotated: Tensor
    share: float

    def to(self, device: str) -> SemanticBatch:
        """The batch on a device."""
        tensors = self.images.to(device), self.targets.to(device), self.annotated.to(device)
        return SemanticBatch(*tensors, self.share)


class SemanticTask:
    """Draws patches around organs that were annotated in the case, and knows the loss."""

    def __init__(self, recipe: Recipe, cases: list[Case], device: str = "cpu") -> None:
        self._recipe = recipe
        self._cases = cases
        self._held = [Held.of(case, device) for case in cases]
        self._places = [_places(case, recipe.values) for case in cases]
        self._preprocessing = Preprocessing.from_json(recipe.preprocessing)
        self._slices = SliceTiles.of(recipe.network, self._preprocessing)
        self._synthetic = SyntheticFindings.of(recipe, cases)
        self._channel_of = torch.zeros(SYNTHETIC + PASTED, dtype=torch.long, device=device)
        for channel, value in enumerate(recipe.values, 1):
            self._channel_of[[value, PASTED + value, SYNTHETIC + value]] = channel

    def batch(self, rng: np.random.Generator, share: float) -> SemanticBatch:
        """A batch of random patches, for the time when this share (0..1) of the training is done."""
        k, j, i = self._recipe.training.patch_at(share)
        size = k + 2 * self._neighbours, j, i
        drawn = [self._cut(*self._draw(size, rng)) for _ in range(self._recipe.training.batch)]
        images, targets, annotated = (torch.cat(column) for column in zip(*drawn, strict=True))
        return SemanticBatch(images, targets, annotated, share)

    def loss(self, network: nn.Module, batch: SemanticBatch) -> Tensor:
        """The loss of one batch. Raises InputError where the network does not take the recipe's patch."""
        try:
            output = network(batch.images)
        except ValueError as error:
            name, size = self._recipe.network.name, list(batch.images.shape[2:])
            raise InputError(
                f"{name} does not take patches of {size} ({error}).", "Change the patch of the recipe."
            ) from error
        # Some networks answer the middle of what they see.
        targets = middle(batch.targets, output.shape[-2:])
        return voxel_loss(self._recipe.loss, output, targets, batch.annotated, batch.share)

    @property
    def _neighbours(self) -> int:
        return self._slices.neighbours if self._slices else 0

    def _answered(self, size: Size) -> Size:
        """The part of a patch that the network answers."""
        if self._slices is None:
            return size
        lost = 2 * self._slices.margin
        return size[0] - 2 * self._neighbours, max(size[1] - lost, 1), max(size[2] - lost, 1)

    def _cut(self, channels: Tensor, target: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One patch as a batch: of one volume, or of all its slices that have their neighbours."""
        if self._slices is None:
            return channels[None], target[None], known[None]
        n = self._neighbours
        images = with_neighbours(channels, n).movedim(1, 0)
        return images, target[n : len(target) - n], known.expand(len(images), -1)

    def _draw(self, size: Size, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        number = int(rng.integers(len(self._cases)))
        case = self._cases[number]
        patch = self._with_guest(self._crop(number, size, self._recipe.training.foreground, rng), number, rng)
        image = self._as_scanned(patch, case, rng) if case.modality == "CT" else patch.image
        known = torch.tensor(
            [True, *(value in case.annotated for value in self._recipe.values)], device=image.device
        )
        return self._channels(image, case, rng), self._channel_of[patch.labels], known

    def _as_scanned(self, patch: Patch, case: Case, rng: np.random.Generator) -> Tensor:
        """The image of a CT patch with what a scanner adds: things in the air, metal and noise."""
        augment = self._recipe.augment
        image = furnish_air(patch, case, rng) if augment.air and rng.random() < 0.7 else patch.image
        if augment.metal and rng.random() < augment.metal:
            image = add_metal(image, case.spacing, rng)
        return lower_dose(image, augment.dose, rng) if augment.dose else image

    def _crop(
        self, number: int, size: Size, foreground: float, rng: np.random.Generator, shrink: float = 1.0
    ) -> Patch:
        """A patch of a case, over one of its classes in this share of cases; `shrink` times smaller."""
        case = self._cases[number]
        centre = self._centre(number, self._answered(size), foreground, rng)
        matrix = random_matrix(self._recipe.augment, case.spacing, rng) * shrink
        return sample_patch(self._held[number], centre, size, matrix)

    def _with_guest(self, patch: Patch, number: int, rng: np.random.Generator) -> Patch:
        """The patch, now and then with a finding of another patient or a synthetic one."""
        if rng.random() < self._recipe.augment.synthetic:
            return self._synthetic.into(patch, self._cases[number], rng)
        if rng.random() >= self._recipe.augment.paste:
            return patch
        donors = donors_for(self._cases, number)
        if not donors:
            return patch
        k, j, i = patch.labels.shape
        donor = int(rng.choice(donors))
        guest = self._crop(donor, (k, j, i), 1.0, rng, rng.uniform(1.0, MOST_SHRUNK))
        guest = without_mirrored(guest, self._cases[donor].image.shape)
        return paste_finding(patch, guest, self._cases[number].modality)

    def _channels(self, image: Tensor, case: Case, rng: np.random.Generator) -> Tensor:
        """Channels (c, k, j, i) of a patch, varied. Percentiles are those of the case or of the patch."""
        augment = self._recipe.augment
        if augment.bias and case.modality == "MR":
            image = vary_brightness(image, augment.bias, rng)
        seen = case.image if rng.random() < 0.5 else thinned(image)
        maker = self._preprocessing.measured(seen, case.modality)
        return vary_channels(maker.tensor(image), augment, rng)

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
