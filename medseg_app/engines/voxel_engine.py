"""VoxelEngine: every voxel gets a class, whatever computes the network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Index
from medseg_app.core.errors import GeometryError, ModelError
from medseg_app.core.progress import Progress
from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume

from .body_crop import body_box, with_air
from .candidates import component_candidates, semantic_candidates
from .contract import Precision, Request
from .device import compute_on
from .fit import Fit, fit_volume
from .model_card import ModelCard
from .precision import precision_of
from .preprocess import ChannelMaker, Preprocessing
from .slab_labeller import SlabLabeller
from .slice_tiles import SliceTiles
from .sliding_window import ReadTile, TilePlan, TileSize, mirrored, plan_fixed_tiles, plan_tiles, slide
from .tile_memory import with_fitting_tiles
from .tile_run import Run


class Network(Protocol):
    """What computes the logits of a tile."""

    def on(self, device: str, precision: Precision) -> Run:
        """Channels of a tile (c, k, j, i) -> logits (n, k, j, i), on a device."""


class VoxelEngine:
    """Semantic segmentation; classes of kind "instance" are split into connected components.

    slices: what a network for slices needs; None for one for volumes.
    """

    def __init__(self, card: ModelCard, network: Network, slices: SliceTiles | None = None) -> None:
        self.card = card
        self.network = network
        self.slices = slices

    def open(self, volume: Volume, device: str) -> VoxelSession:
        """Fit a volume to the frame of the model.

        Raises GeometryError for a single slice too, where the network looks at volumes.
        """
        if self.slices is None and min(volume.geometry.shape) == 1:
            raise GeometryError(
                f"{volume.id} is a single slice, and the model {self.card.name} looks at volumes: it would "
                "see copies of the slice where the rest of the patient should be.",
                "Load the complete series, or choose a model that looks at slices.",
            )
        fit = fit_volume(volume.geometry, self.card.grid)
        return VoxelSession(self, volume, fit, device)


class VoxelSession:
    """One volume in the frame of one model."""

    def __init__(self, engine: VoxelEngine, volume: Volume, fit: Fit, device: str) -> None:
        self._card, self._network, self._slices = engine.card, engine.network, engine.slices
        self._volume, self._fit, self._device = volume, fit, device

    def propose(self, request: Request, progress: Progress) -> Proposal:
        """One candidate per class, or per connected component of it."""
        return compute_on(self._device, lambda device: self._propose(device, request, progress))

    def _propose(self, device: str, request: Request, progress: Progress) -> Proposal:
        request = replace(request, precision=precision_of(self._card, device, request.precision))
        labeller = with_fitting_tiles(device, lambda size: self._labelled(size, device, request, progress))
        labels, confidence = labeller.labels(), labeller.confidence()
        candidates = semantic_candidates(self._card, labels, labeller.mean_probabilities())
        if confidence is not None:
            least = request.min_score
            if least is None:
                least = self._card.thresholds.get("min_score", 0.0)
            candidates = [*component_candidates(self._card, labels, confidence, least), *candidates]
        progress(1.0)
        return Proposal(self._volume.id, tuple(candidates), self._card.identity, device, request.precision)

    def _labelled(self, size: TileSize, device: str, request: Request, progress: Progress) -> SlabLabeller:
        """The volume's labels, computed in tiles of this size where the network takes any."""
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
        grid, slices = self._card.grid, self._slices
        if slices is not None:
            return slices.plan(shape, size), lambda box: slices.read(image, box, channels)
        plan = plan_fixed_tiles(shape, grid.tile, grid.overlap) if grid.tile else plan_tiles(shape, size)
        return plan, lambda box: channels(mirrored(image, box))

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
