"""SliceEngine: findings of any network for slices, linked into instances in 3D.

The network answers a list of slices (c, j, i) as torchvision's detectors do: boxes, labels from 1, scores
and masks (n, 1, j, i) for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.progress import Progress, part
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.core.volume import Volume

from .body_crop import body_box
from .candidates import instance_candidate, without_overlap
from .clustered_instances import clustered_instances
from .contract import Request
from .device import compute_on, forget_unused, inference, is_out_of_memory
from .fit import Fit, fit_volume
from .link_slices import Instance, SliceDetection, link_slices
from .loaded_network import LoadedNetwork
from .model_card import ModelCard
from .model_folder import ModelFolder
from .precision import precision_of
from .preprocess import Preprocessing, slice_with_neighbours
from .preview import Preview

if TYPE_CHECKING:
    from torch import nn

MIN_SCORE, MIN_SLICE_SCORE, MASK = 0.5, 0.3, 0.5
"""Thresholds where the card states none."""
CELL = 64
"""Pixels of the coarsest cell of the networks' pyramids."""
TOGETHER, LARGE = 4, 256 * 256
"""So many slices are computed at once, unless they are larger: few pixels leave a processor idle."""
LINKING_SHARE = 0.95
"""Share of the progress that the slices take; linking is the rest."""


class SliceEngine:
    """Instances with one score each; where two overlap, the better one keeps the voxels."""

    def __init__(self, folder: ModelFolder) -> None:
        self.card = folder.card
        self._network = LoadedNetwork(folder)

    def open(self, volume: Volume, device: str) -> SliceSession:
        """Fit a volume to the frame of the model."""
        fit = fit_volume(volume.geometry, self.card.grid)
        return SliceSession(self.card, self._network, volume, fit, device)


class SliceSession:
    """One volume in the frame of one model."""

    def __init__(
        self, card: ModelCard, network: LoadedNetwork, volume: Volume, fit: Fit, device: str
    ) -> None:
        self._card, self._network, self._volume, self._fit = card, network, volume, fit
        self._device = device
        self._values = sorted(card.labels)

    def propose(self, request: Request, progress: Progress, preview: Preview) -> Proposal:
        """One candidate per instance, best score first."""
        return compute_on(self._device, lambda device: self._propose(device, request, progress, preview))

    def _propose(self, device: str, request: Request, progress: Progress, preview: Preview) -> Proposal:
        request = replace(request, precision=precision_of(self._card, device, request.precision))
        least = request.min_score
        if least is None:
            least = self._threshold("min_score", MIN_SCORE)
        detections: list[SliceDetection] = []
        for found in self._detect(device, request, least, part(progress, 0.0, LINKING_SHARE)):
            detections.extend(found)
            if found:
                preview(lambda: self._found(detections, least))
        candidates = tuple(self._found(detections, least))
        progress(1.0)
        return Proposal(self._volume.id, candidates, self._card.identity, device, request.precision)

    def _found(self, detections: list[SliceDetection], least: float) -> list[Candidate]:
        """Findings of the slices seen so far, in whatever order they were."""
        in_order = sorted(detections, key=lambda detection: detection.k)
        instances = [one for one in self._linked(in_order) if one.score >= least]
        min_slices = self._threshold("min_slices", 1)
        candidates = [self._candidate(one) for one in instances if len(one.parts) >= min_slices]
        return without_overlap(candidate for candidate in candidates if candidate is not None)

    def _detect(
        self, device: str, request: Request, least: float, progress: Progress
    ) -> Iterator[list[SliceDetection]]:
        """Detections of slices that show anything, group by group, first of those where the reader looks."""
        network = self._network.on(device)
        image = self._fit.image(self._volume.voxels)
        preprocessing = Preprocessing.from_json(self._card.preprocessing)
        channels, n = preprocessing.measured(image, request.modality), preprocessing.neighbours
        least = min(least, self._threshold("min_slice_score", MIN_SLICE_SCORE))
        slices, rows, columns = _whole_cells(body_box(image, self._card.grid.body_above)).slices
        groups, count, done = _groups(slices, rows, columns), slices.stop - slices.start, 0
        with inference(device, request.precision):
            for group in _outwards(groups, self._focus(request)):
                progress(done / count, f"slice {done + 1} of {count}")
                first = max(group.start - n, 0)
                block = channels(image[first : group.stop + n, rows, columns])
                shown = [k for k in group if np.ptp(block[:, k - first]) > 0]
                images = [slice_with_neighbours(block, k - first, n) for k in shown]
                found = _run_fitting(network, images, device)
                places = [(k, rows.start, columns.start) for k in shown]
                yield [one for at in zip(places, found, strict=True) for one in self._detections(*at, least)]
                done += len(group)

    def _detections(
        self, place: tuple[int, int, int], found: dict[str, Any], least: float
    ) -> Iterator[SliceDetection]:
        """Detections of a slice, or of a part of it that begins at a place (k, j, i)."""
        threshold = self._threshold("mask", MASK)
        for label, score, chance in zip(found["labels"], found["scores"], found["masks"], strict=True):
            box = Box.around(chance >= threshold)
            if score >= least and box is not None:
                # One pixel more, so that the border is interpolated from both of its sides.
                _, rows, columns = box.grown((0, 1, 1)).clipped(chance.shape).slices
                window = chance[0, rows, columns].copy()
                value = self._values[int(label) - 1]
                k, row, column = place[0], place[1] + rows.start, place[2] + columns.start
                yield SliceDetection(k, value, float(score), row, column, window, threshold)

    def _focus(self, request: Request) -> int:
        """The slice of the model's frame at which the reader looks; the first where nobody does."""
        if request.focus_lps is None:
            return 0
        return self._fit.nearest_sample(self._volume.geometry.to_index(request.focus_lps))[0]

    def _linked(self, detections: list[SliceDetection]) -> list[Instance]:
        """Instances; cards from before `cluster_iou` keep linking alone, and with it their figures."""
        min_iou = self._card.thresholds.get("cluster_iou")
        return link_slices(detections) if min_iou is None else clustered_instances(detections, min_iou)

    def _candidate(self, instance: Instance) -> Candidate | None:
        threshold = self._threshold("mask", MASK)
        box, mask = self._fit.mask_to_volume(instance.box, instance.chance(), threshold)
        return instance_candidate(self._card, instance.class_value, box, mask, instance.score)

    def _threshold(self, name: str, default: float) -> float:
        return self._card.thresholds.get(name, default)


def _groups(slices: slice, rows: slice, columns: slice) -> list[range]:
    """The slices that are computed together, wherever the reader looks: so an answer never depends on it."""
    pixels = (rows.stop - rows.start) * (columns.stop - columns.start)
    count = TOGETHER if pixels <= LARGE else 1
    starts = range(slices.start, slices.stop, count)
    return [range(first, min(first + count, slices.stop)) for first in starts]


def _outwards(groups: list[range], focus: int) -> list[range]:
    """Groups of slices by their distance from a slice."""
    return sorted(groups, key=lambda group: (max(group.start - focus, focus - group[-1], 0), group.start))


def _whole_cells(body: Box) -> Box:
    """The body from the last whole cell before it, so that networks see the pixels where they always are."""
    start = [body.start[0], *(n // CELL * CELL for n in body.start[1:])]
    return Box.of(start, body.stop)


def _run_fitting(network: nn.Module, images: list[NDArray[np.float32]], device: str) -> list[dict[str, Any]]:
    """As _run; slice by slice where the memory is too small for all of them."""
    try:
        return _run(network, images, device)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) or len(images) == 1:
            raise
    # Outside the handler: the error holds on to the tensors that filled the memory.
    forget_unused(device)
    return [answer for image in images for answer in _run(network, [image], device)]


def _run(network: nn.Module, images: list[NDArray[np.float32]], device: str) -> list[dict[str, Any]]:
    """Boxes, labels, scores and masks (n, 1, j, i) of each slice as arrays."""
    import torch

    if not images:
        return []
    found = network([torch.from_numpy(image).to(device) for image in images])
    return [{name: tensor.float().cpu().numpy() for name, tensor in one.items()} for one in found]
