"""U-Net engine: a network, for volumes or for slices, that gives every voxel a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Index
from medseg_app.core.errors import ModelError
from medseg_app.core.progress import Progress
from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.body_crop import body_box, with_air
from medseg_app.engines.candidates import component_candidates, semantic_candidates
from medseg_app.engines.contract import Request
from medseg_app.engines.device import compute_on, precision_on
from medseg_app.engines.fit import Fit, fit_volume
from medseg_app.engines.model_card import ModelCard
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.preprocess import ChannelMaker, Preprocessing
from medseg_app.engines.slab_labeller import SlabLabeller
from medseg_app.engines.sliding_window import ReadTile, TilePlan, TileSize, mirrored, plan_tiles, slide
from medseg_app.engines.tile_memory import with_fitting_tiles
from medseg_app.engines.voxel_network import VoxelNetwork


class UNetEngine:
    """Semantic segmentation; classes of kind "instance" are split into connected components."""

    def __init__(self, folder: ModelFolder) -> None:
        self.card = folder.card
        self._network = VoxelNetwork(folder)

    def open(self, volume: Volume, device: str) -> UNetSession:
        """Fit a volume to the frame of the model."""
        fit = fit_volume(volume.geometry, self.card.grid)
        return UNetSession(self.card, self._network, volume, fit, device)


class UNetSession:
    """One volume in the frame of one model."""

    def __init__(self, card: ModelCard, network: VoxelNetwork, volume: Volume, fit: Fit, device: str) -> None:
        self._card, self._network, self._volume, self._fit = card, network, volume, fit
        self._device = device

    def propose(self, request: Request, progress: Progress) -> Proposal:
        """One candidate per class, or per connected component of it."""
        return compute_on(self._device, lambda device: self._propose(device, request, progress))

    def _propose(self, device: str, request: Request, progress: Progress) -> Proposal:
        labeller = with_fitting_tiles(device, lambda size: self._labelled(size, device, request, progress))
        labels, confidence = labeller.labels(), labeller.confidence()
        candidates = semantic_candidates(self._card, labels, labeller.mean_probabilities())
        if confidence is not None:
            least = request.min_score
            if least is None:
                least = self._card.thresholds.get("min_score", 0.0)
            candidates = [*component_candidates(self._card, labels, confidence, least), *candidates]
        progress(1.0)
        precision = precision_on(device, request.precision)
        return Proposal(self._volume.id, tuple(candidates), self._card.identity, device, precision)

    def _labelled(self, size: TileSize, device: str, request: Request, progress: Progress) -> SlabLabeller:
        """The volume's labels, computed in tiles of this size."""
        has_findings = self._card.gives_findings
        labeller = SlabLabeller(self._fit, sorted(self._card.labels), keep_confidence=has_findings)
        compute = self._network.on(device, request.precision)
        image = self._fit.image(self._volume.voxels)
        channels = Preprocessing.from_json(self._card.preprocessing).measured(image, request.modality)
        body = body_box(image, self._card.grid.body_above)
        plan, read = self._tiles(body.shape, size, image, channels)
        slabs = slide(
            plan,
            lambda box: read(box.shifted(body.start)),
            lambda tile: self._chances(compute(tile)),
            progress,
        )
        for slab in with_air(slabs, body, self._fit.model_shape):
            labeller.add(slab)
        return labeller

    def _tiles(
        self, shape: Index, size: TileSize, image: NDArray[Any], channels: ChannelMaker
    ) -> tuple[TilePlan, ReadTile]:
        """Where the tiles of a part of this shape lie, and what gives the channels of one of the image."""
        slices = self._network.slice_tiles
        if slices is None:
            return plan_tiles(shape, size), lambda box: channels(mirrored(image, box))
        return slices.plan(shape, size), lambda box: slices.read(image, box, channels)

    def _chances(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities (classes, k, j, i). Raises ModelError where the network is not that of the card."""
        count = len(self._card.labels) + 1
        if len(logits) != count:
            raise ModelError(
                f"The network of {self._card.name} gives {len(logits)} classes, its card {count}.",
                "Ask for a model whose card fits its network.",
            )
        logits = np.exp(logits - logits.max(axis=0))
        logits /= logits.sum(axis=0)
        return logits
